"""The list of hosts: what the address asks for, and the rows that answer it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Sum
from django.http import QueryDict

from hosts.models import Host, HostGroup, HostVolume, VirtualMachine

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """A host with the totals of its volumes and VMs."""

    host: Host
    disk_bytes: int
    disk_free_bytes: int
    vm_count: int

    @property
    def memory_percent(self) -> float:
        host = self.host
        return 100 * (host.memory_mb - host.memory_available_mb) / host.memory_mb if host.memory_mb else 0.0

    @property
    def disk_percent(self) -> float:
        return 100 * (self.disk_bytes - self.disk_free_bytes) / self.disk_bytes if self.disk_bytes else 0.0


SORTS: dict[str, Callable[[Row], Any]] = {
    "name": lambda row: row.host.name.casefold(),
    "state": lambda row: row.host.get_state_display(),
    "cpu": lambda row: row.host.cpu_percent,
    "memory": lambda row: row.memory_percent,
    "disk": lambda row: row.disk_percent,
    "vms": lambda row: row.vm_count,
    "os": lambda row: row.host.os_name,
    "contact": lambda row: row.host.last_contact_at or _LONG_AGO,
}


@dataclass(frozen=True, slots=True)
class Question:
    """What the address asks for. `sort` is a key of SORTS, with "-" before it for the other way round."""

    text: str
    group_pk: str
    sort: str

    @classmethod
    def of(cls, query: QueryDict) -> Question:
        sort = query.get("sort", "name")
        return cls(
            text=query.get("q", "").strip(),
            group_pk=query.get("group", ""),
            sort=sort if sort.removeprefix("-") in SORTS else "name",
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.group_pk)


def find_rows(question: Question) -> list[Row]:
    """The hosts asked for, in their order; hosts are hundreds, not thousands, so all of them at once."""
    hosts = Host.objects.select_related("group")
    if question.group_pk:
        hosts = hosts.filter(group_id__in=_groups_below(question.group_pk))
    found = [row for row in _rows(hosts) if _mentions(row.host, question.text)]
    found.sort(key=SORTS["name"])
    found.sort(key=SORTS[question.sort.removeprefix("-")], reverse=question.sort.startswith("-"))
    return found


def row_of(host: Host) -> Row:
    return next(iter(_rows([host])))


def _rows(hosts: Iterable[Host]) -> Iterable[Row]:
    sizes = HostVolume.objects.values_list("host_id").annotate(Sum("size_bytes"), Sum("free_bytes"))
    disks = {host_id: (size, free) for host_id, size, free in sizes.order_by()}
    counts = dict(VirtualMachine.objects.values_list("host_id").annotate(Count("pk")).order_by())
    for host in hosts:
        yield Row(host, *disks.get(host.pk, (0, 0)), counts.get(host.pk, 0))


def _groups_below(group_pk: str) -> set[int]:
    """The group and every group in it; none if it is no group."""
    parents = dict(HostGroup.objects.values_list("pk", "parent_id"))
    found = {pk for pk in parents if str(pk) == group_pk}
    while more := {pk for pk, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _mentions(host: Host, text: str) -> bool:
    """Every word stands in the name, address, group, operating system or state."""
    told = f"{host.name} {host.address} {host.group.name} {host.os_name} {host.get_state_display()}".casefold()
    return all(word in told for word in text.casefold().split())
