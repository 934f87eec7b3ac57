"""Where each of several VMs goes: one after the other, each to the best rated host as it will be by then.

Greedy, the largest first, because what is large fits in few places; nothing is placed anew for the sake of a later one.
So it may miss a distribution that an exhaustive search would find. It never plans more on a host than fits there:
what the moves of the plan, and those under way already, take of it counts. What they free on their sources does not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from hosts import paths
from hosts.models import Host, HostVolume, VirtualMachine
from hosts.needs import need_of
from hosts.placement import RatedHost, rate_hosts
from hosts.rating_types import HostSituation, Options
from hosts.vm_folders import default_folder
from migrations_app.checks import check_choices, check_vm, errors
from migrations_app.engine.plan import Plan
from migrations_app.engine.step import Finding
from migrations_app.models import MigrationJob
from migrations_app.planned_load import PlannedLoad
from migrations_app.plans import Choices, fingerprint, make_plan, needs_by_volume, same_networks, vm_folder
from migrations_app.presets import with_defaults

TRIED_HOSTS = 5
_NAMED_HOSTS = 3


@dataclass(frozen=True)
class Placement:
    """A VM with its target and the plan of its move, or with the reason why it has none."""

    vm: VirtualMachine
    target: Host | None = None
    stars: float | None = None
    plan: Plan | None = None
    warnings: tuple[str, ...] = ()
    reason: str = ""


class Placer:
    """Places one VM after the other, and remembers what each takes of its target.

    `groups`: keys of the host groups to which it may be; None: all.
    """

    def __init__(self, options: Options, groups: frozenset[int] | None = None) -> None:
        self._options = options
        self._groups = groups
        self._loads: dict[int, PlannedLoad] = defaultdict(PlannedLoad)
        self._folders: set[tuple[int, str]] = set()
        for job in MigrationJob.objects.filter(status__in=MigrationJob.OPEN).select_related("vm__host"):
            if job.vm is not None and job.target_id is not None:
                self.reserve(job.vm, job.target_id, Plan.from_json(job.plan))

    def reserve(self, vm: VirtualMachine, target_pk: int, plan: Plan) -> None:
        """The VM will come to the target: what it takes there is not free any more."""
        volumes = list(HostVolume.objects.filter(host=target_pk).values_list("path", flat=True))
        self._loads[target_pk].add(need_of(vm, self._options), needs_by_volume(vm, volumes, plan.folder, {}))
        if not paths.is_posix(plan.folder):
            self._folders.add((target_pk, paths.key(plan.folder)))

    def place(self, vm: VirtualMachine, only: Host | None = None) -> Placement:
        """On the best rated host that has stars and all it needs; on `only` if that can be chosen at all. It counts for
        those that are placed after it."""
        if found := errors(check_vm(vm)):
            return Placement(vm, reason=_sentence(found[0]))
        rated = self.rate(vm)
        tried = [self._try(vm, each) for each in rated if each.row.id == only.pk] if only else self._first(vm, rated)
        placement = tried[-1] if tried else Placement(vm, reason=_nowhere(vm, rated))
        if placement.target is not None and placement.plan is not None:
            self.reserve(vm, placement.target.pk, placement.plan)
        return placement

    def rate(self, vm: VirtualMachine) -> list[RatedHost]:
        """Every host as it will be, best first."""
        rated = rate_hosts(vm, self._options, self._laden)
        return [each for each in rated if self._groups is None or each.row.group_id in self._groups]

    def _first(self, vm: VirtualMachine, rated: Iterable[RatedHost]) -> list[Placement]:
        """What was tried; the last one is the placement."""
        tried: list[Placement] = []
        for each in islice((each for each in rated if each.rating.stars), TRIED_HOSTS):
            tried.append(self._try(vm, each))
            if tried[-1].plan is not None:
                break
        return tried

    def _try(self, vm: VirtualMachine, rated: RatedHost) -> Placement:
        """The VM on this host, with what the wizard presets: the same folder, and networks of the same names."""
        target = self._as_it_will_be(rated.row.id)
        seen = fingerprint(vm)
        choices = with_defaults(Choices(vm, target, default_folder(vm, target), same_networks(vm, target), seen))
        blocked = [reason for reason in rated.rating.zero_reasons if reason.is_blocking]
        if blocked:
            return Placement(vm, reason=f"{blocked[0].text} {blocked[0].action}")
        if (target.pk, paths.key(vm_folder(choices))) in self._folders:
            text = f"Another virtual machine that moves to {target.name} has the folder {vm_folder(choices)}."
            return Placement(vm, reason=f"{text} Move {vm.name} by itself, to another path.")
        if found := errors(check_choices(choices)):
            return Placement(vm, reason=_sentence(found[0]))
        told = (*(reason.text for reason in rated.rating.zero_reasons), *rated.rating.warnings)
        return Placement(vm, target, rated.rating.stars, make_plan(choices), told)

    def _laden(self, pk: int, host: HostSituation) -> HostSituation:
        return self._loads[pk].on(host) if pk in self._loads else host

    def _as_it_will_be(self, pk: int) -> Host:
        """The host with less memory and room than its row says; never to be saved."""
        host = Host.objects.select_related("group").prefetch_related("volumes", "networks").get(pk=pk)
        load = self._loads[pk]
        host.memory_available_mb = max(0, host.memory_available_mb - load.memory_mb)
        for volume in host.volumes.all():
            volume.free_bytes -= load.bytes_on[volume.path]
        return host


def place_all(placer: Placer, vms: Iterable[VirtualMachine], only: Host | None = None) -> list[Placement]:
    """Each of them, the largest first."""
    return [placer.place(vm, only) for vm in sorted(vms, key=_size)]


def _size(vm: VirtualMachine) -> tuple[int, int, str]:
    return -vm.memory_mb, -vm.disk_bytes, vm.name


def _sentence(finding: Finding) -> str:
    return f"{finding.text} {finding.action}".strip()


def _nowhere(vm: VirtualMachine, rated: Sequence[RatedHost]) -> str:
    """Why no host has stars, of the first few; the VM's own host goes without saying."""
    others = [each for each in rated if each.row.id != vm.host_id]
    if not others:
        return f"There is no other host for {vm.name}."
    reasons = dict.fromkeys(each.rating.zero_reasons[0].text for each in others[:_NAMED_HOSTS])
    more = len(others) - _NAMED_HOSTS
    return " ".join(
        [f"No host is advised for {vm.name}.", *reasons, f"And {more} more hosts." if more > 0 else ""]
    ).strip()
