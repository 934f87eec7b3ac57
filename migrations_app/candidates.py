"""The rows of the wizard's list of hosts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hosts.models import Host, HostGroup, VirtualMachine
from hosts.placement import rate_hosts
from hosts.ratings import Rating
from migrations_app.forecast import Forecast
from migrations_app.plans import forecast_move


@dataclass(frozen=True, slots=True)
class Candidate:
    """A host, its rating for the VM, and what a move there takes; no forecast for a host that cannot be chosen."""

    host: Host
    rating: Rating
    forecast: Forecast | None

    @property
    def transfer(self) -> str:
        return "Network" if self.forecast else "Not possible"


def candidates(vm: VirtualMachine) -> list[Candidate]:
    """Every host, best first."""
    return [
        Candidate(rated.host, rated.rating, None if rated.rating.is_blocked else forecast_move(vm, rated.host))
        for rated in rate_hosts(vm)
    ]


def first_choice(found: Iterable[Candidate], group_pk: str = "") -> int | None:
    """The best rated host that can be chosen, of the group if one is given (and of the groups in it)."""
    inside = _groups_in(group_pk)
    for candidate in found:
        if not candidate.rating.is_blocked and (not group_pk or candidate.host.group_id in inside):
            return candidate.host.pk
    return None


def _groups_in(group_pk: str) -> set[int]:
    parents = dict(HostGroup.objects.values_list("pk", "parent_id"))
    inside = {pk for pk in parents if str(pk) == group_pk}
    while more := {pk for pk, parent in parents.items() if parent in inside} - inside:
        inside |= more
    return inside
