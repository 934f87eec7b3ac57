"""Why a host gets no stars for a VM, and which of the reasons forbid the move altogether. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from hosts.rating_types import MB, HostSituation, VmNeed, ZeroReason
from hosts.units import memory, size


def zero_reasons(vm: VmNeed, host: HostSituation) -> Iterator[ZeroReason]:
    """Every reason, those that block first. Of the host where the VM is already nothing else is asked."""
    if host.has_vm:
        yield ZeroReason(f"{vm.name} is on {host.name} already.", "Choose another host.", is_blocking=True)
        return
    yield from _host_is_closed(vm, host)
    yield from _vm_cannot_move(vm)
    yield from _host_cannot_run_it(vm, host)
    yield from _not_enough_room(vm, host)
    yield from _networks_are_missing(vm, host)
    if vm.is_clustered and not host.is_clustered:
        yield ZeroReason(
            f"{vm.name} is highly available and {host.name} is in no cluster.",
            "Choose a host of a cluster, or accept that the virtual machine stops being highly available.",
        )


def _host_is_closed(vm: VmNeed, host: HostSituation) -> Iterator[ZeroReason]:
    if not host.is_responding:
        yield ZeroReason(
            f"The state of {host.name} is {host.state}.", "Open the host's page, which says why.", is_blocking=True
        )
    if host.is_in_maintenance:
        yield ZeroReason(
            f"{host.name} is in maintenance mode.", "End its maintenance mode or choose another host.", is_blocking=True
        )
    if vm.kind != host.kind:
        yield ZeroReason(
            f"{host.name} runs other virtualization software than {vm.name}.",
            "Choose a host with the same virtualization software.",
            is_blocking=True,
        )


def _vm_cannot_move(vm: VmNeed) -> Iterator[ZeroReason]:
    for part in vm.immovable_parts:
        yield ZeroReason(
            f"{vm.name} has {part}, which cannot be moved to another host.",
            "Detach it from the virtual machine first.",
            is_blocking=True,
        )


def _host_cannot_run_it(vm: VmNeed, host: HostSituation) -> Iterator[ZeroReason]:
    """Vendor, version, processors. What the host never told is not held against it."""
    vendors = (vm.cpu_vendor.casefold(), host.cpu_vendor.casefold())
    if vm.has_state and all(vendors) and vendors[0] != vendors[1]:
        yield ZeroReason(
            f"{vm.name} is {vm.state.value} on processors of {vm.cpu_vendor}; "
            f"{host.name} has processors of {host.cpu_vendor}.",
            "Choose a host with processors of the same vendor, or shut the virtual machine down first.",
            is_blocking=True,
        )
    if vm.version and host.vm_versions and vm.version not in host.vm_versions:
        yield ZeroReason(
            f"{host.name} does not support configuration version {vm.version} of {vm.name}.",
            f"Choose a host that supports version {vm.version}.",
            is_blocking=True,
        )
    if host.cpu_count and vm.cpu_count > host.cpu_count:
        yield ZeroReason(
            f"{vm.name} has {vm.cpu_count} virtual processors and {host.name} has {host.cpu_count} logical processors.",
            "Choose a host with more processors, or give the virtual machine fewer.",
            is_blocking=True,
        )


def _not_enough_room(vm: VmNeed, host: HostSituation) -> Iterator[ZeroReason]:
    """Memory must be less than what is available above the reserve; disks must fit on one volume, all of them."""
    free_mb = max(0, host.memory_available_mb - host.reserves.memory_mb)
    if vm.needed_memory_mb >= free_mb:
        yield ZeroReason(
            f"{vm.name} needs {memory(vm.needed_memory_mb)} of memory; "
            f"{host.name} has {memory(free_mb)} above its reserve of {memory(host.reserves.memory_mb)}.",
            f"Free memory on {host.name} or choose another host.",
        )
    free_bytes = max(0, max(host.free_bytes.values(), default=0) - host.reserves.disk_mb * MB)
    if vm.needed_disk_bytes > free_bytes:
        yield ZeroReason(
            f"{vm.name} needs {size(vm.needed_disk_bytes)} on one volume; "
            f"{host.name} has {size(free_bytes)} at most, above its reserve of {memory(host.reserves.disk_mb)}.",
            f"Free space on {host.name}, choose another host, or put the disks on several volumes.",
        )


def _networks_are_missing(vm: VmNeed, host: HostSituation) -> Iterator[ZeroReason]:
    for network in sorted(vm.networks - host.networks):
        yield ZeroReason(
            f"{host.name} has no virtual network named {network}.",
            f"Make {network} on {host.name}, or choose another network for the adapter on the way.",
        )
