"""The last 24 hours of many hosts as small lines, from one query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from hosts.charts import HOUR, spark
from hosts.models import Host
from hosts.reserves import effective_reserves
from hosts.series import Point, host_series

HOURS = 24


@dataclass(frozen=True, slots=True)
class Sparks:
    """Points of polylines, several for each where hours are missing; see charts.spark for the size."""

    cpu: tuple[str, ...]
    memory: tuple[str, ...]
    iops: tuple[str, ...]
    network: tuple[str, ...]


def sparks_of(hosts: Iterable[Host]) -> dict[int, Sparks]:
    """The sparklines of each host, in the scale of its bars."""
    wanted = list(hosts)
    series = host_series([host.pk for host in wanted], HOURS)
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    return {host.pk: _sparks(host, _by_hour(series[host.pk], hour.timestamp())) for host in wanted}


def _by_hour(points: Iterable[Point], latest_s: float) -> dict[int, Point]:
    """The points by hour, 0 for the oldest and 23 for the present one."""
    numbered = {HOURS - 1 - round((latest_s - point.at.timestamp()) / HOUR.total_seconds()): point for point in points}
    return {number: point for number, point in numbered.items() if 0 <= number < HOURS}


def _sparks(host: Host, points: dict[int, Point]) -> Sparks:
    return Sparks(
        cpu=spark({hour: point.cpu_percent for hour, point in points.items()}, 100, HOURS),
        memory=spark({hour: point.memory_mb for hour, point in points.items()}, host.memory_mb, HOURS),
        iops=spark(
            {hour: point.disk_iops for hour, point in points.items()}, effective_reserves(host).max_disk_iops, HOURS
        ),
        network=spark({hour: point.network_percent for hour, point in points.items()}, 100, HOURS),
    )
