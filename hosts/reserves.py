"""What placement leaves free on a host: the host's own reserves where it has some, otherwise its group's."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from hosts.models import Host, HostGroup
from hosts.rating_types import Reserves


class Overriding(Protocol):
    """What has a host's own reserves; None: as in the group."""

    @property
    def cpu_reserve_percent(self) -> int | None: ...
    @property
    def memory_reserve_mb(self) -> int | None: ...
    @property
    def disk_reserve_mb(self) -> int | None: ...
    @property
    def max_disk_iops(self) -> int | None: ...
    @property
    def network_reserve_percent(self) -> int | None: ...


FIELDS = (
    "cpu_reserve_percent",
    "memory_reserve_mb",
    "disk_reserve_mb",
    "max_disk_iops",
    "network_reserve_percent",
)


def effective_reserves(host: Host) -> Reserves:
    """Each of the host's own, or of its group."""
    return reserves_of(host, host.group)


def reserves_of(host: Overriding, group: HostGroup) -> Reserves:
    """The same for a host's columns without its model."""
    return _made(*[getattr(group, name) if (own := getattr(host, name)) is None else own for name in FIELDS])


def group_reserves(group: HostGroup) -> Reserves:
    return _made(*[getattr(group, name) for name in FIELDS])


@lru_cache(maxsize=1024)
def _made(*values: float) -> Reserves:
    """Fields of Reserves are in the order of FIELDS; hosts by the thousand share a few."""
    return Reserves(*values)  # type: ignore[arg-type]
