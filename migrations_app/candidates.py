"""The rows of the wizard's list of hosts: rated, narrowed, a page at a time, with what a move there takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

from django.core.paginator import Page, Paginator
from django.http import QueryDict

from hosts.host_rows import groups_below
from hosts.models import Host, VirtualMachine
from hosts.placement import RatedHost, rank, stream_ratings
from hosts.rating_types import Factor, Options, Rating, Reason
from hosts.rules import Rule
from migrations_app.forecast import Forecast
from migrations_app.past_moves import past
from migrations_app.plans import forecast_move
from migrations_app.transfer_types import Transfer, transfer_of

PAGE_SIZE = 50
_MOST_OBSTACLES = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A host, its rating for the VM, and how a move there goes and what it takes; nothing of that for a host that
    cannot be chosen."""

    rated: RatedHost
    forecast: Forecast | None
    transfer: Transfer | None

    @property
    def host(self) -> Host:
        return self.rated.host

    @property
    def rating(self) -> Rating:
        return self.rated.rating

    @property
    def factors(self) -> list[tuple[Factor, Factor | None]]:
        """Each factor of the host, with that of the VM's present host."""
        return list(zip_longest(self.rating.factors, self.rated.source))


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which hosts the page shows: words of their name or group, a group with all in it, only those that can take it."""

    text: str
    group_pk: str
    only_suitable: bool
    page: str

    @classmethod
    def of(cls, query: QueryDict) -> Narrowing:
        return cls(
            text=query.get("q", "").strip(),
            group_pk=query.get("group", ""),
            only_suitable=bool(query.get("suitable")),
            page=query.get("page", "1"),
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.group_pk or self.only_suitable)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A rule that keeps hosts from being chosen: how many, and what it says of the first of them."""

    hosts: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Found:
    """Every host rated, and the page of those asked for. `chosen`: what is chosen to begin with. `obstacles`: what
    keeps most hosts from having stars, but for the VM's own."""

    page: Page[RatedHost]
    all_hosts: int
    suitable_hosts: int
    chosen: RatedHost | None
    obstacles: list[Obstacle]

    @property
    def rows(self) -> list[RatedHost]:
        """The hosts of the page; the chosen one before them when it is on another."""
        rows = list(self.page)
        is_here = self.chosen is None or any(rated.row.id == self.chosen.row.id for rated in rows)
        return rows if is_here or self.chosen is None else [self.chosen, *rows]


def find_hosts(
    vm: VirtualMachine,
    options: Options,
    narrowing: Narrowing,
    target_pk: int | None,
    groups: frozenset[int] | None = None,
) -> Found:
    """All hosts rated, best first, those that cannot be chosen last; `target_pk`: what somebody chose.

    `groups`: keys of the host groups that the person sees; None: all.
    """
    every = (each for batch in stream_ratings(vm, options) for each in batch)
    rated = sorted((each for each in every if groups is None or each.row.group_id in groups), key=rank)
    inside = groups_below(narrowing.group_pk) if narrowing.group_pk else None
    shown = [each for each in rated if _fits(each, narrowing, inside)]
    return Found(
        page=Paginator(shown, PAGE_SIZE).get_page(narrowing.page),
        all_hosts=len(rated),
        suitable_hosts=sum(1 for each in rated if each.rating.stars),
        chosen=next((each for each in rated if each.row.id == target_pk), None) or first_choice(shown),
        obstacles=_obstacles(each for each in rated if each.row.id != vm.host_id),
    )


def first_choice(found: Iterable[RatedHost]) -> RatedHost | None:
    """The best rated host that can be chosen."""
    return next((each for each in found if not each.rating.is_blocked), None)


class Forecasts:
    """What a move of the VM takes, to any host; earlier moves are asked for once."""

    def __init__(
        self, vm: VirtualMachine, limit_bytes_per_s: int = 0, *, wants_quick: bool = False, because: str = ""
    ) -> None:
        self._vm = vm
        self._limit = limit_bytes_per_s
        self._wish = (wants_quick, because)
        self._past = past()

    def candidate(self, rated: RatedHost) -> Candidate:
        if rated.rating.is_blocked:
            return Candidate(rated, None, None)
        wants_quick, because = self._wish
        transfer = transfer_of(self._vm, rated.host, wants_quick=wants_quick, because=because)
        return Candidate(rated, self._forecast(rated.host, is_live=transfer.is_live), transfer)

    def _forecast(self, target: Host, *, is_live: bool) -> Forecast:
        return forecast_move(self._vm, target, self._limit, earlier=self._past, is_live=is_live)


def _obstacles(rated: Iterable[RatedHost]) -> list[Obstacle]:
    """By the first reason of each, which is the one that its row shows."""
    first: dict[Rule, list[Reason]] = defaultdict(list)
    for each in rated:
        for reason in each.rating.zero_reasons[:1]:
            first[reason.rule].append(reason)
    found = [Obstacle(len(reasons), reasons[0]) for reasons in first.values()]
    return sorted(found, key=lambda obstacle: -obstacle.hosts)[:_MOST_OBSTACLES]


def _fits(rated: RatedHost, narrowing: Narrowing, inside: set[int] | None) -> bool:
    if inside is not None and rated.row.group_id not in inside:
        return False
    if narrowing.only_suitable and not rated.rating.stars:
        return False
    told = f"{rated.row.name} {rated.group.name}".casefold()
    return all(word in told for word in narrowing.text.casefold().split())
