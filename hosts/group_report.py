"""The rating report: for each group of hosts its load, what it has, what is free, and how well it would take a VM."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hosts.access import EVERYWHERE, Rights
from hosts.group_tree import GroupsByParent, groups_by_parent
from hosts.host_rows import Question, Row, find_rows
from hosts.models import Host, HostGroup
from hosts.rating_types import Rating

EVERYTHING = Question(text="", group_pk="", sort="name")


@dataclass(frozen=True, slots=True)
class GroupLoad:
    """A group with everything in it, hosts of inner groups included; `depth` 0 for a root group.

    Capacity and load count the hosts that respond and are not in maintenance: `open_hosts` of `hosts`.
    """

    group: HostGroup
    depth: int
    hosts: int
    open_hosts: int
    suitable_hosts: int
    vms: int
    processors: int
    cpu_percent: float
    memory_mb: int
    memory_free_mb: int
    disk_bytes: int
    disk_free_bytes: int
    network_percent: float
    mean_stars: float | None

    @property
    def memory_percent(self) -> float:
        return _percent(self.memory_mb - self.memory_free_mb, self.memory_mb)

    @property
    def disk_percent(self) -> float:
        return _percent(self.disk_bytes - self.disk_free_bytes, self.disk_bytes)

    @property
    def half_stars(self) -> float:
        """The mean in half steps, for the picture."""
        return round((self.mean_stars or 0.0) * 2) / 2


def group_loads(ratings: Mapping[int, Rating], rights: Rights = EVERYWHERE) -> list[GroupLoad]:
    """Every group below its parent, in the order of the tree."""
    rows: dict[int, list[Row]] = defaultdict(list)
    for row in find_rows(EVERYTHING, ratings, rights):
        rows[row.host.group_id].append(row)
    groups = groups_by_parent(rights)
    return [load for root in groups[None] for load in _loads(root, 0, groups, rows)]


def _loads(group: HostGroup, depth: int, groups: GroupsByParent, rows: dict[int, list[Row]]) -> Iterable[GroupLoad]:
    yield _load(group, depth, _rows_in(group, groups, rows))
    for inner in groups[group.pk]:
        yield from _loads(inner, depth + 1, groups, rows)


def _rows_in(group: HostGroup, groups: GroupsByParent, rows: dict[int, list[Row]]) -> list[Row]:
    return rows[group.pk] + [row for inner in groups[group.pk] for row in _rows_in(inner, groups, rows)]


def _load(group: HostGroup, depth: int, rows: list[Row]) -> GroupLoad:
    opened = [row for row in rows if row.host.state == Host.State.RESPONDING and not row.host.is_in_maintenance]
    processors = sum(row.host.cpu_count for row in opened)
    busy = sum(row.host.cpu_percent * row.host.cpu_count for row in opened)
    return GroupLoad(
        group=group,
        depth=depth,
        hosts=len(rows),
        open_hosts=len(opened),
        suitable_hosts=sum(1 for row in opened if row.stars),
        vms=sum(row.vm_count for row in rows),
        processors=processors,
        cpu_percent=busy / processors if processors else 0.0,
        memory_mb=sum(row.host.memory_mb for row in opened),
        memory_free_mb=sum(row.host.memory_available_mb for row in opened),
        disk_bytes=sum(row.disk_bytes for row in opened),
        disk_free_bytes=sum(row.disk_free_bytes for row in opened),
        network_percent=sum(row.host.network_percent for row in opened) / len(opened) if opened else 0.0,
        mean_stars=sum(row.stars for row in opened) / len(opened) if opened else None,
    )


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole else 0.0
