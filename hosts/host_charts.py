"""The load of one host as charts of an hour, a day or a month."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from hosts.charts import DAY, HOUR, MONTH, Chart, Window, draw
from hosts.models import Host
from hosts.series import host_days

# Key in the address, its words, length and number of averages.
WINDOWS = {"1h": ("1 hour", HOUR, 60), "24h": ("24 hours", DAY, 96), "30d": ("30 days", MONTH, 240)}
BY_DEFAULT = "24h"

# At, CPU percent, memory used in MB, IOPS, network percent.
Sample = tuple[datetime, float, float, float, float]


def window_of(key: str) -> Window:
    """The window of that name until now; the default for an unknown one."""
    _words, length, buckets = WINDOWS.get(key) or WINDOWS[BY_DEFAULT]
    return Window(timezone.now(), length, buckets)


def charts_of(host: Host, window: Window) -> list[Chart]:
    samples = _samples(host, window)
    top_iops = _round_up(max([100.0, *(sample[3] for sample in samples)]))
    return [
        draw("CPU", "%", [(sample[0], sample[1]) for sample in samples], 100, window),
        draw("Memory used", "MB", [(sample[0], sample[2]) for sample in samples], host.memory_mb, window),
        draw("Disk I/O", "IOPS", [(sample[0], sample[3]) for sample in samples], top_iops, window),
        draw("Network", "%", [(sample[0], sample[4]) for sample in samples], 100, window),
    ]


def _round_up(value: float) -> float:
    """To the next 1, 2 or 5 with zeros behind it."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if value <= step * power)


def _samples(host: Host, window: Window) -> Sequence[Sample]:
    """Raw samples as long as they are kept; hourly averages of what is older."""
    if window.length > DAY:
        points = host_days(host.pk, window.length.days)
        return [
            (point.at, point.cpu_percent, point.memory_mb, point.disk_iops, point.network_percent) for point in points
        ]
    fields = ("at", "cpu_percent", "memory_used_mb", "disk_iops", "network_percent")
    return list(host.samples.filter(at__gte=window.begin).order_by("at").values_list(*fields))
