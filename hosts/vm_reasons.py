"""Rules about the VM alone: what keeps it from moving well wherever it would go. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hosts.rating_types import VmNeed
from hosts.rules import Rule
from hosts.units import size

Sentences = Iterator[tuple[str, str]]


def _pass_through(vm: VmNeed) -> Sentences:
    for location in vm.pass_through_disks:
        yield (
            f"{vm.name} has the pass-through disk at {location}, which cannot be moved to another host.",
            "Detach it from the virtual machine first.",
        )


def _shared(vm: VmNeed) -> Sentences:
    for location in vm.shared_disks:
        yield (
            f"{vm.name} has the shared disk at {location}, which cannot be moved to another host.",
            "Detach it from the virtual machine first.",
        )


def _device(vm: VmNeed) -> Sentences:
    if vm.has_assigned_device:
        yield (
            f"{vm.name} has a device of its host assigned to it, which cannot be moved to another host.",
            "Remove the device from the virtual machine first.",
        )


def _iso(vm: VmNeed) -> Sentences:
    for path in vm.dvd_paths:
        yield (
            f"{path} is in the DVD drive of {vm.name}, and no other host has it there.",
            f"Eject the image from {vm.name} first.",
        )


def _replication(vm: VmNeed) -> Sentences:
    if vm.is_replicated:
        yield (
            f"{vm.name} is replicated by Hyper-V Replica, and the replication would break.",
            "Remove the replication first, and set it up again after the move.",
        )


def _merge(vm: VmNeed) -> Sentences:
    if vm.is_merging:
        yield f"Checkpoints of {vm.name} are being merged.", "Wait until the merge has ended."


def _source_space(vm: VmNeed) -> Sentences:
    """While its disks are copied, what a running VM writes goes into a checkpoint beside them."""
    if vm.source_free_bytes is not None and vm.source_free_bytes < vm.growth_bytes:
        yield (
            (
                f"A volume with disks of {vm.name} on {vm.source_name} has {size(vm.source_free_bytes)} free; "
                f"while they are copied, its checkpoint may grow by {size(vm.growth_bytes)}."
            ),
            f"Free space on {vm.source_name}, or shut {vm.name} down before it is moved.",
        )


VM_RULES: tuple[tuple[Rule, Callable[[VmNeed], Sentences]], ...] = (
    (Rule.PHYSICAL_DISK, _pass_through),
    (Rule.SHARED_DISK, _shared),
    (Rule.ASSIGNED_DEVICE, _device),
    (Rule.ATTACHED_ISO, _iso),
    (Rule.REPLICATION, _replication),
    (Rule.MERGE, _merge),
    (Rule.SOURCE_SPACE, _source_space),
)
