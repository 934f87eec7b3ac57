"""The load of hosts and VMs over time for charts: hourly averages, and what there is of the hours not rolled up yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Avg, DateTimeField, FloatField, Model, QuerySet, Value
from django.utils import timezone

from hosts.models import HostLoadHour, LoadSample, VmLoadHour, VmLoadSample
from hosts.rollup import HOUR, hour_of


class Point(NamedTuple):
    """The average of the hour that began at `at`; an hour without samples has no point. A VM tells CPU and memory."""

    at: datetime
    cpu_percent: float
    memory_mb: float
    disk_iops: float = 0.0
    network_percent: float = 0.0


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the load of one kind of thing is: its hours, its samples, its key and the columns of a Point."""

    hours: type[Model]
    samples: type[Model]
    key: str
    columns: tuple[str, ...]


_HOSTS = _Source(HostLoadHour, LoadSample, "host_id", ("cpu_percent", "memory_used_mb", "disk_iops", "network_percent"))
_VMS = _Source(VmLoadHour, VmLoadSample, "vm_id", ("cpu_percent", "memory_mb"))


def host_series(host_pks: Iterable[int], hours: int = 24) -> dict[int, list[Point]]:
    """Points of each of these hosts over the last hours, oldest first, by one query."""
    return _series(_HOSTS, host_pks, hours)


def vm_series(vm_pks: Iterable[int], hours: int = 24) -> dict[int, list[Point]]:
    return _series(_VMS, vm_pks, hours)


def host_days(host_pk: int, days: int = 30) -> list[Point]:
    """The points of one host over the last days, oldest first."""
    return _series(_HOSTS, [host_pk], 24 * days)[host_pk]


def _series(source: _Source, pks: Iterable[int], hours: int) -> dict[int, list[Point]]:
    """Where an hour is rolled up and its samples are there still, the hour counts: it is told first."""
    found: dict[int, dict[datetime, Point]] = {pk: {} for pk in pks}
    this_hour = hour_of(timezone.now())
    rolled = source.hours._default_manager.filter(
        **{f"{source.key}__in": list(found)}, at__gt=this_hour - hours * HOUR, at__lte=this_hour
    )
    whole = rolled.order_by().values_list(source.key, "at", *source.columns)
    begun = [_average_of(source, list(found), this_hour - back) for back in (timedelta(0), HOUR)]
    for pk, at, *figures in whole.union(*begun, all=True):
        found[pk].setdefault(at, Point(at, *figures))
    return {pk: [points[at] for at in sorted(points)] for pk, points in found.items()}


def _average_of(source: _Source, pks: list[int], hour: datetime) -> QuerySet[Any, Any]:
    """One row for each that has samples in the hour."""
    samples = source.samples._default_manager.filter(**{f"{source.key}__in": pks}, at__gte=hour, at__lt=hour + HOUR)
    means = {f"mean_{name}": Avg(name, output_field=FloatField()) for name in source.columns}
    averaged = samples.order_by().values(source.key).annotate(hour=Value(hour, output_field=DateTimeField()), **means)
    rows: QuerySet[Any, Any] = averaged.values_list(source.key, "hour", *means)
    return rows
