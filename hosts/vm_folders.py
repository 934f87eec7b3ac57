"""Where the files of a VM go on a host, as long as nobody chooses."""

from __future__ import annotations

from hosts import paths
from hosts.models import Host, VirtualMachine


def default_folder(vm: VirtualMachine, target: Host) -> str:
    """The folder the VM's own is in now (a KVM host has no folder of its own for each VM), where the target has that
    volume; otherwise the target's default."""
    folder = vm.folder if paths.is_posix(vm.folder) else paths.parent(vm.folder)
    volume = paths.volume_of(folder, volume_paths(target))
    at_home = paths.volume_of(folder, volume_paths(vm.host)) if paths.is_posix(folder) else volume
    if volume and volume == at_home and paths.key(folder) != paths.key(volume):
        return folder
    return paths.trimmed(target.default_vm_path)


def volume_paths(host: Host) -> list[str]:
    """The volumes of a host, by the paths that inventory knows them by."""
    return [volume.path for volume in host.volumes.all()]
