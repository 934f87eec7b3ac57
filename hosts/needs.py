"""From a VM's rows to what it needs of a host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hosts import paths
from hosts.models import VirtualDisk, VirtualMachine
from hosts.providers.types import VmState
from hosts.rating_types import GB, Options, VmNeed

_BY_DEFAULT = Options()

# The VM that hosts are rated for where there is no VM to place: small enough to fit on nearly every host.
_REFERENCE_MEMORY_MB = 1024


def need_of(
    vm: VirtualMachine, options: Options = _BY_DEFAULT, source_free_bytes: Mapping[str, int] | None = None
) -> VmNeed:
    """What the VM takes along, from its row, its disks and its adapters.

    `source_free_bytes`: of each volume of the host it is on, by path; without it, room there is not looked at.
    """
    disks = list(vm.disks.all())
    adapters = [it for it in vm.adapters.all() if it.network_name]
    expected = options.expected
    expected_bytes = int(expected.disk_gb * GB) if expected else 0
    sizes = [disk.file_size_bytes for disk in disks]
    return VmNeed(
        name=vm.name,
        kind=vm.host.kind,
        state=VmState(vm.state),
        version=vm.version,
        cpu_count=vm.cpu_count,
        cpu_vendor=vm.host.cpu_vendor,
        cpu_model=vm.host.cpu_model,
        busy_processors=_busy_processors(vm, options),
        memory_mb=vm.memory_mb,
        memory_demand_mb=vm.memory_demand_mb,
        memory_startup_mb=vm.memory_startup_mb,
        disk_bytes=max(sum(sizes), expected_bytes),
        largest_disk_bytes=max(sizes, default=0),
        state_files_bytes=vm.state_files_bytes,
        disk_iops=(expected or options.new_vm).disk_iops,
        network_mbps=(expected or options.new_vm).network_mbps,
        networks=frozenset(it.network_name for it in adapters),
        vlans=frozenset((it.network_name, it.vlan_id) for it in adapters if it.vlan_id),
        has_processor_compatibility=vm.has_processor_compatibility,
        has_dynamic_memory=vm.has_dynamic_memory,
        is_clustered=vm.is_clustered,
        is_replicated=vm.is_replicated,
        is_merging=vm.is_merging,
        has_assigned_device=vm.has_assigned_device,
        pass_through_disks=tuple(it.location for it in disks if it.is_pass_through),
        shared_disks=tuple(it.location for it in disks if it.is_shared and not it.is_pass_through),
        dvd_paths=tuple(vm.dvd_paths),
        source_name=vm.host.name,
        source_free_bytes=_room_beside(disks, source_free_bytes or {}),
    )


def reference_need(options: Options = _BY_DEFAULT) -> VmNeed:
    """A new VM: off, one processor, 1 GB of memory, the expected load of a new VM, connected to nothing."""
    load = options.new_vm
    return VmNeed(
        name="A new virtual machine",
        kind="hyperv",
        state=VmState.OFF,
        version="",
        cpu_count=1,
        cpu_vendor="",
        busy_processors=load.cpu_percent / 100,
        memory_mb=0,
        memory_demand_mb=0,
        memory_startup_mb=_REFERENCE_MEMORY_MB,
        disk_bytes=int(load.disk_gb * GB),
        disk_iops=load.disk_iops,
        network_mbps=load.network_mbps,
    )


def _busy_processors(vm: VirtualMachine, options: Options) -> float:
    """Hyper-V tells a VM's CPU in percent of all processors of its host; a VM that is not running tells nothing."""
    if options.expected is not None:
        return options.expected.cpu_percent / 100 * vm.cpu_count
    if vm.state == VmState.RUNNING:
        percent = vm.mean_cpu_percent if vm.load_count else vm.cpu_percent
        return percent / 100 * vm.host.cpu_count
    return options.new_vm.cpu_percent / 100 * vm.cpu_count


def _room_beside(disks: Iterable[VirtualDisk], free_bytes: Mapping[str, int]) -> int | None:
    """Free bytes on the fullest volume that the VM's disks are on; None when no such volume is known."""
    volumes = {paths.volume_of(layer["path"], free_bytes) for disk in disks for layer in disk.layers}
    return min((free_bytes[volume] for volume in volumes if volume), default=None)
