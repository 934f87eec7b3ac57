"""Taking a VM's registration away, and deleting files that no registered VM needs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PureWindowsPath

from lab.hyperv.config import state_path
from lab.hyperv.disk import is_in_use
from lab.hyperv.layout import HostFolder
from lab.hyperv.machine import Machine
from lab.hyperv.marking import require_mark
from lab.hyperv.merger import Merger
from lab.hyperv.notes import bears_mark
from lab.hyperv.refusal import Refused
from lab.hyperv.registered import RegisteredVm

_USUAL = ("Virtual Hard Disks", "Virtual Machines", "Snapshots")


def remove_vm(machine: Machine, merger: Merger, uid: str, tag: str) -> None:
    """Remove the registration and configuration, never a disk; nothing when the VM is gone. Raises Refused WrongState.

    As Remove-VM does, the layers of its checkpoints are then folded into the base, in the background.
    """
    vm = machine.find(uid)
    if vm is None:
        return
    require_mark(vm, tag)
    _require_still(vm)  # not by waiting for the lock: what is under way is refused, not sat out
    with vm.lock:
        _require_still(vm)
        machine.drop(vm)
        configs = [vm.config_path, *(checkpoint.config_path for checkpoint in vm.config.checkpoints)]
        for path in configs:
            for file in (path, state_path(path)):
                machine.folder.drives.real(file).unlink(missing_ok=True)
        if vm.config.checkpoints or vm.config.merges:
            for disk in vm.config.disks:
                merger.fold(disk.path)


def require_settled(machine: Machine, tag: str) -> None:
    """Raises Refused WrongState while a VM of the tag is between two states."""
    for vm in machine.vms():
        if vm.phase and bears_mark(vm.config.notes, tag):
            raise Refused("WrongState", f"'{vm.config.name}' is {vm.phase}; nothing was deleted.", "ResourceBusy")


def delete_files(machine: Machine, paths: Iterable[str]) -> list[str]:
    """Delete the files, and folders that are empty then; returns those that somebody holds open.

    Raises Refused WrongState, before anything is deleted, when a VM registered here needs one.
    """
    listed = list(paths)
    for path in listed:
        user = machine.uses(path)
        if user is not None:
            raise Refused("WrongState", f"'{path}' belongs to '{user.config.name}', which is registered on this host.")
    held = [path for path in listed if not _delete_file(machine.folder, path)]
    remove_empty_folders(machine, listed)
    return held


def remove_empty_folders(machine: Machine, paths: Iterable[str]) -> None:
    """Remove the folders that these files left empty, but none of the host's default folders or of a VM here."""
    kept = {machine.settings.default_vm_path.lower(), machine.settings.default_disk_path.lower()}
    kept |= {vm.config.folder.lower() for vm in machine.vms()}
    folders = {folder for path in paths for folder in _folders_of(PureWindowsPath(path))}
    for folder in sorted(folders, key=lambda folder: len(str(folder)), reverse=True):
        is_usual = folder.name in _USUAL and str(folder.parent).lower() in kept
        if folder.parent == folder or str(folder).lower() in kept or is_usual:
            continue
        real = machine.folder.drives.real(str(folder))
        if real.is_dir() and not any(real.iterdir()):
            real.rmdir()


def _require_still(vm: RegisteredVm) -> None:
    if vm.state not in ("off", "saved"):
        raise Refused("WrongState", f"'{vm.config.name}' is {vm.state} and cannot be removed.")


def _folders_of(path: PureWindowsPath) -> set[PureWindowsPath]:
    """The folders that may be left empty by a file: its own, and below a VM's folder the usual three and itself."""
    if path.parent.name not in _USUAL:
        return {path.parent}
    vm_folder = path.parent.parent
    return {vm_folder, *(vm_folder / name for name in _USUAL)}


def _delete_file(folder: HostFolder, path: str) -> bool:
    """False when somebody holds the file open. A file that is not there is deleted already."""
    real = folder.drives.real(path)
    if not real.is_file():
        return True
    if is_in_use(real):
        return False
    real.unlink(missing_ok=True)
    return True
