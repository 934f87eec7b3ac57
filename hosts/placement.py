"""Rates every host for a VM from rows: the same few queries however many hosts there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from django.db.models import prefetch_related_objects

from hosts.models import Host, HostGroup, VirtualMachine
from hosts.needs import need_of, reference_need
from hosts.providers.types import VmState
from hosts.rating_types import Factor, HostSituation, Options, Rating, VmNeed
from hosts.ratings import factors_of, rater
from hosts.situations import Fleet, HostRow, as_host, read_fleet, situation_of

__all__ = [
    "Rated",
    "RatedHost",
    "need_of",
    "rank",
    "rate_host",
    "rate_hosts",
    "ratings_for",
    "reference_ratings",
    "stream_ratings",
]

Laden = Callable[[int, HostSituation], HostSituation]

_BY_DEFAULT = Options()


@dataclass(frozen=True, slots=True)
class Rated:
    """A rating with what it was made from. `source`: the factors of the VM's present host, now and without the VM."""

    rating: Rating
    need: VmNeed
    situation: HostSituation
    source: tuple[Factor, ...]


@dataclass(frozen=True)
class RatedHost(Rated):
    """A host with its rating. `row` has its columns at once; `host` is made of them when it is first asked for."""

    row: HostRow
    group: HostGroup

    @cached_property
    def host(self) -> Host:
        return as_host(self.row, self.group)


def rate_hosts(
    vm: VirtualMachine, options: Options = _BY_DEFAULT, laden: Laden = lambda _pk, host: host
) -> list[RatedHost]:
    """Every host, best first; those that cannot be chosen last. `laden`: a host, given its key, with what is still to
    come to it."""
    return sorted(_rated(vm, _fleet(vm), options, laden=laden), key=rank)


def ratings_for(
    vm: VirtualMachine | None, options: Options = _BY_DEFAULT, pks: Collection[int] | None = None
) -> dict[int, Rating]:
    """How well each of these hosts, or every one, by its key, suits the VM, or a new one as in `reference_ratings`."""
    if vm is None:
        return reference_ratings(options, pks)
    fleet = _fleet(vm, None if pks is None else [*pks, vm.host_id])
    return {rated.row.id: rated.rating for rated in _rated(vm, fleet, options)}


def rate_host(vm: VirtualMachine, host: Host, options: Options = _BY_DEFAULT) -> RatedHost:
    """One host; the same as in `rate_hosts`, because no host's rating depends on the others."""
    fleet = _fleet(vm, [host.pk, vm.host_id])
    return next(_rated(vm, fleet, options, [row for row in fleet.rows if row.id == host.pk]))


def stream_ratings(vm: VirtualMachine, options: Options = _BY_DEFAULT, batch: int = 100) -> Iterator[list[RatedHost]]:
    """Every host by name, so many at a time as they are rated; all queries come before the first batch."""
    rated = _rated(vm, _fleet(vm), options)
    while some := list(islice(rated, batch)):
        yield some


def rank(rated: RatedHost) -> tuple[float, bool, int, str]:
    """The order of `rate_hosts`."""
    rating = rated.rating
    return (-rating.stars, rating.is_blocked, -rating.memory_after_mb, rated.row.name)


def reference_ratings(options: Options = _BY_DEFAULT, pks: Collection[int] | None = None) -> dict[int, Rating]:
    """How well each host, or each of these, by its key, suits a new VM of the size that `options` expect."""
    rate_one = rater(reference_need(options), options)
    fleet = read_fleet(pks=pks)
    return {row.id: rate_one(situation_of(row, fleet)) for row in fleet.rows}


def _fleet(vm: VirtualMachine, pks: Iterable[int] | None = None) -> Fleet:
    """Eight queries; six if the VM's disks and adapters were fetched with it."""
    prefetch_related_objects([vm], "disks", "adapters")
    return read_fleet(vm, pks)


def _rated(
    vm: VirtualMachine,
    fleet: Fleet,
    options: Options,
    rows: Iterable[HostRow] | None = None,
    laden: Laden = lambda _pk, host: host,
) -> Iterator[RatedHost]:
    need = need_of(vm, options, fleet.volumes.get(vm.host_id))
    rate_one = rater(need, options)
    source = _after_leaving(vm, need, fleet, options)
    for row in fleet.rows if rows is None else rows:
        situation = laden(row.id, situation_of(row, fleet))
        yield RatedHost(rate_one(situation), need, situation, source, row, fleet.groups[row.group_id])


def _after_leaving(vm: VirtualMachine, need: VmNeed, fleet: Fleet, options: Options) -> tuple[Factor, ...]:
    """The factors of the VM's host without it; a VM that does not run leaves no gap."""
    row = next((it for it in fleet.rows if it.id == vm.host_id), None)
    if row is None:
        return ()
    runs = replace(need, memory_demand_mb=0)
    return factors_of(runs, situation_of(row, fleet), options, sign=-1 if vm.state == VmState.RUNNING else 0)
