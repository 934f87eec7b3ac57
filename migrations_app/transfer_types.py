"""Live or Quick: which way a VM goes to a host, and why. The same words on every page."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hosts.connect import has_capability
from hosts.models import Host, MoveDefaults, VirtualMachine
from hosts.providers.live import LiveMigrates
from hosts.providers.types import VmState


class TransferType(StrEnum):
    LIVE = "live"
    QUICK = "quick"


@dataclass(frozen=True, slots=True)
class Transfer:
    """`title` as the pages name it; `why`: a sentence that says why it is not the other one."""

    type: TransferType
    title: str
    why: str

    @property
    def is_live(self) -> bool:
        return self.type is TransferType.LIVE


def transfer_of(
    vm: VirtualMachine, target: Host | None = None, *, wants_quick: bool = False, because: str = ""
) -> Transfer:
    """How the VM goes to `target`, or to any host of its kind: live wherever that is possible, unless `wants_quick`.
    `because`: a sentence that says where that wish comes from."""
    if why := why_not_live(vm, target):
        return _quick(why)
    if wants_quick:
        return _quick(because or "Quick Migration was chosen.")
    return Transfer(
        TransferType.LIVE,
        "Live Migration with its disks",
        f"{vm.name} runs, and its hypervisor sends memory and disks to the other host meanwhile. {because}".strip(),
    )


def preference(vm: VirtualMachine, defaults: MoveDefaults) -> tuple[bool, str]:
    """Whether it goes by Quick Migration where both are possible and nobody chose, and the sentence that says why."""
    if vm.is_emulated:
        return True, emulation_risk(vm)
    preferred = "Live" if defaults.prefers_live else "Quick"
    return not defaults.prefers_live, f"Under Administration, the migration defaults prefer {preferred} Migration."


def emulation_risk(vm: VirtualMachine) -> str:
    """docs/kvm.md, "Live" tells what was seen."""
    return f"QEMU emulates the processor of {vm.name}: its memory may be damaged by a live move."


def why_not_live(vm: VirtualMachine, target: Host | None = None) -> str:
    """Why it cannot go live, as a sentence; "" when it can."""
    if vm.state != VmState.RUNNING:
        return f"{vm.name} does not run."
    for host in (vm.host, target or vm.host):
        if not has_capability(host, LiveMigrates):
            return f"{host.name} is in no failover cluster, and Ferry moves between such hosts by Quick Migration."
    return ""


def _quick(why: str) -> Transfer:
    return Transfer(TransferType.QUICK, "Quick Migration over the network", why)
