"""Where the VM's files would go on a host by default, and which networks its adapters would find. Pure but for rows."""

from __future__ import annotations

from collections.abc import Iterator

from hosts import paths
from hosts.models import Host, VirtualMachine
from hosts.placement import Rated
from hosts.rating_types import MB
from hosts.thorough_types import FindingLevel, ThoroughFinding
from hosts.units import size
from hosts.vm_folders import default_folder


def findings_of(rated: Rated, vm: VirtualMachine, host: Host) -> Iterator[ThoroughFinding]:
    """One finding for the path, one for each connected adapter."""
    yield _path(rated, vm, host)
    names = rated.situation.networks
    for adapter in vm.adapters.all():
        if adapter.network_name in names:
            text = f"{adapter.name} finds {adapter.network_name} on {host.name}."
            yield ThoroughFinding(FindingLevel.OK, text)
        elif adapter.network_name:
            text = f"{adapter.name} is on {adapter.network_name}, which {host.name} does not have."
            yield ThoroughFinding(FindingLevel.WARNING, text, "Choose another network for it on the way.")


def _path(rated: Rated, vm: VirtualMachine, host: Host) -> ThoroughFinding:
    """Of the folder that a move begins with."""
    room = rated.situation.free_bytes
    folder = default_folder(vm, host)
    volume = paths.volume_of(folder, room)
    if volume is None:
        text = f"{host.name} has no volume for {folder or 'its default path'}."
        return ThoroughFinding(FindingLevel.ERROR, text, "Choose a folder on one of its volumes.")
    need = rated.need.needed_disk_bytes + rated.situation.reserves.disk_mb * MB
    free_bytes = room[volume]
    if need > free_bytes:
        text = f"{volume} of {host.name} has {size(free_bytes)} free; {vm.name} needs {size(need)} there."
        return ThoroughFinding(FindingLevel.WARNING, text, "Choose another path, or spread the disks.")
    return ThoroughFinding(FindingLevel.OK, f"{folder} on {host.name} has {size(free_bytes)} free for {size(need)}.")
