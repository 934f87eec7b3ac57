"""The list of hosts: what the address asks for, and the rows that answer it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet, Sum
from django.http import QueryDict

from hosts.access import EVERYWHERE, Rights
from hosts.host_orders import MAINTENANCE, NEEDS_SOMEBODY, SORTS, STARS, STATES, TROUBLE, sorted_hosts, state_word
from hosts.models import Host, HostGroup, HostVolume, VirtualMachine
from hosts.rating_types import Rating
from hosts.reserves import effective_reserves
from hosts.sparks import Sparks, sparks_of

PAGE_SIZE = 40

# Rates the hosts with these keys, or all.
Rate = Callable[[Collection[int] | None], Mapping[int, Rating]]


@dataclass(frozen=True, slots=True)
class Row:
    """A host with the totals of its volumes and VMs, its rating for the reference VM, and its last 24 hours."""

    host: Host
    disk_bytes: int
    disk_free_bytes: int
    vm_count: int
    rating: Rating | None = None
    sparks: Sparks | None = None

    @property
    def memory_percent(self) -> float:
        host = self.host
        return 100 * (host.memory_mb - host.memory_available_mb) / host.memory_mb if host.memory_mb else 0.0

    @property
    def disk_percent(self) -> float:
        return 100 * (self.disk_bytes - self.disk_free_bytes) / self.disk_bytes if self.disk_bytes else 0.0

    @property
    def iops_percent(self) -> float:
        most = effective_reserves(self.host).max_disk_iops
        return min(100.0, 100 * self.host.disk_iops / most) if most else 0.0

    @property
    def state(self) -> str:
        is_closed = self.host.is_in_maintenance and self.host.state == Host.State.RESPONDING
        return STATES[MAINTENANCE] if is_closed else str(self.host.get_state_display())

    @property
    def stars(self) -> float:
        return self.rating.stars if self.rating else 0.0


@dataclass(frozen=True, slots=True)
class Question:
    """What the address asks for. `sort` is a key of SORTS, with "-" before it for the other way round.

    `state` is a key of STATES or "" for all; `like` names the VM that the stars are for, "" for a new one.
    """

    text: str
    group_pk: str
    sort: str
    state: str = ""
    like: str = ""
    page: str = "1"

    @classmethod
    def of(cls, query: QueryDict) -> Question:
        sort, state = query.get("sort", "name"), query.get("state", "")
        return cls(
            text=query.get("q", "").strip(),
            group_pk=query.get("group", ""),
            sort=sort if sort.removeprefix("-") in SORTS else "name",
            state=state if state in STATES else "",
            like=query.get("like", "").strip(),
            page=query.get("page", "1"),
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.group_pk or self.state)


def find_rows(question: Question, ratings: Mapping[int, Rating], rights: Rights = EVERYWHERE) -> list[Row]:
    """The hosts asked for, in their order, without their sparklines: all of them, a few queries however many."""
    rows = {row.host.pk: row for row in _rows(_whole(), ratings)}
    return [rows[pk] for pk in _ordered(question, ratings, rights) if pk in rows]


def find_page(question: Question, rate: Rate, rights: Rights = EVERYWHERE) -> Page[Row]:
    """One page of them, with sparklines; a page past the end is the last one. Only for the order by stars, which no
    database knows, all hosts are rated."""
    ratings = rate(None) if question.sort.removeprefix("-") == STARS else {}
    page: Any = Paginator(_ordered(question, ratings, rights), PAGE_SIZE).get_page(question.page)
    pks = list(page)
    hosts = _whole().in_bulk(pks)
    rows = _rows([hosts[pk] for pk in pks if pk in hosts], ratings or rate(pks), pks)
    sparks = sparks_of(hosts.values())
    page.object_list = [replace(row, sparks=sparks[row.host.pk]) for row in rows]
    return cast("Page[Row]", page)


def row_of(host: Host) -> Row:
    return next(iter(_rows([host], {}, [host.pk])))


def groups_below(group_pk: str) -> set[int]:
    """The group and every group in it; none if it is no group."""
    parents = dict(HostGroup.objects.values_list("pk", "parent_id"))
    found = {pk for pk in parents if str(pk) == group_pk}
    while more := {pk for pk, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _whole() -> QuerySet[Host]:
    return Host.objects.select_related("group").defer("password", "ca_pem", "host_key")


def _ordered(question: Question, ratings: Mapping[int, Rating], rights: Rights) -> list[int]:
    """The keys of the hosts asked for, in their order."""
    pks = list(sorted_hosts(_narrowed(question, rights), question.sort).values_list("pk", flat=True))
    if question.sort.removeprefix("-") == STARS:
        pks.sort(key=lambda pk: ratings[pk].stars if pk in ratings else 0.0, reverse=question.sort.startswith("-"))
    return pks


def _narrowed(question: Question, rights: Rights) -> QuerySet[Host]:
    hosts = Host.objects.filter(rights.where("group")).alias(word=state_word())
    if question.group_pk:
        hosts = hosts.filter(group_id__in=groups_below(question.group_pk))
    if question.state:
        wide = {MAINTENANCE: Q(is_in_maintenance=True), TROUBLE: NEEDS_SOMEBODY}
        hosts = hosts.filter(wide.get(question.state, Q(state=question.state)))
    for word in question.text.split():
        hosts = hosts.filter(_mentions(word))
    return hosts


def _mentions(word: str) -> Q:
    """The word stands in the name, address, group, operating system or state."""
    named = Q(name__icontains=word) | Q(address__icontains=word) | Q(group__name__icontains=word)
    return named | Q(os_name__icontains=word) | Q(word__icontains=word)


def _rows(hosts: Iterable[Host], ratings: Mapping[int, Rating], pks: Collection[int] | None = None) -> Iterable[Row]:
    """`pks`: keys of the hosts, where they are few."""
    volumes, vms = HostVolume.objects.order_by(), VirtualMachine.objects.order_by()
    if pks is not None:
        volumes, vms = volumes.filter(host_id__in=pks), vms.filter(host_id__in=pks)
    sizes = volumes.values_list("host_id").annotate(Sum("size_bytes"), Sum("free_bytes"))
    disks = {host_id: (size, free) for host_id, size, free in sizes}
    counts = dict(vms.values_list("host_id").annotate(Count("pk")))
    for host in hosts:
        yield Row(host, *disks.get(host.pk, (0, 0)), counts.get(host.pk, 0), ratings.get(host.pk))
