"""The list of hosts: what the address asks for, and the rows that answer it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Sum
from django.http import QueryDict

from hosts.access import EVERYWHERE, Rights
from hosts.models import Host, HostGroup, HostVolume, VirtualMachine
from hosts.rating_types import Rating
from hosts.reserves import effective_reserves
from hosts.sparks import Sparks, sparks_of

PAGE_SIZE = 100
MAINTENANCE = "maintenance"
STATES = {**dict(Host.State.choices), MAINTENANCE: "In Maintenance Mode"}
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


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


SORTS: dict[str, Callable[[Row], Any]] = {
    "name": lambda row: row.host.name.casefold(),
    "group": lambda row: row.host.group.name.casefold(),
    "state": lambda row: row.state,
    "stars": lambda row: row.stars,
    "cpu": lambda row: row.host.cpu_percent,
    "memory": lambda row: row.memory_percent,
    "disk": lambda row: row.disk_percent,
    "iops": lambda row: row.host.disk_iops,
    "network": lambda row: row.host.network_percent,
    "vms": lambda row: row.vm_count,
    "os": lambda row: (row.host.os_name, row.host.os_version),
    "contact": lambda row: row.host.last_contact_at or _LONG_AGO,
}


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
    hosts = Host.objects.filter(rights.where("group")).select_related("group").defer("password", "ca_pem")
    if question.group_pk:
        hosts = hosts.filter(group_id__in=groups_below(question.group_pk))
    rows = _rows(hosts, ratings)
    found = [row for row in rows if _mentions(row, question.text) and _is_in(row.host, question.state)]
    found.sort(key=SORTS["name"])
    found.sort(key=SORTS[question.sort.removeprefix("-")], reverse=question.sort.startswith("-"))
    return found


def page_of(question: Question, rows: Sequence[Row]) -> Page[Row]:
    """One page of the rows, with sparklines; a page past the end is the last one."""
    page = Paginator(rows, PAGE_SIZE).get_page(question.page)
    sparks = sparks_of(row.host for row in page)
    page.object_list = [replace(row, sparks=sparks[row.host.pk]) for row in page]
    return page


def row_of(host: Host) -> Row:
    return next(iter(_rows([host], {})))


def groups_below(group_pk: str) -> set[int]:
    """The group and every group in it; none if it is no group."""
    parents = dict(HostGroup.objects.values_list("pk", "parent_id"))
    found = {pk for pk in parents if str(pk) == group_pk}
    while more := {pk for pk, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _rows(hosts: Iterable[Host], ratings: Mapping[int, Rating]) -> Iterable[Row]:
    sizes = HostVolume.objects.values_list("host_id").annotate(Sum("size_bytes"), Sum("free_bytes"))
    disks = {host_id: (size, free) for host_id, size, free in sizes.order_by()}
    counts = dict(VirtualMachine.objects.values_list("host_id").annotate(Count("pk")).order_by())
    for host in hosts:
        yield Row(host, *disks.get(host.pk, (0, 0)), counts.get(host.pk, 0), ratings.get(host.pk))


def _mentions(row: Row, text: str) -> bool:
    """Every word stands in the name, address, group, operating system or state."""
    host = row.host
    told = f"{host.name} {host.address} {host.group.name} {host.os_name} {row.state}".casefold()
    return all(word in told for word in text.casefold().split())


def _is_in(host: Host, state: str) -> bool:
    if state == MAINTENANCE:
        return host.is_in_maintenance
    return not state or host.state == state
