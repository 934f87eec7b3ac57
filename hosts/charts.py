"""Load of a day as lines for SVG, drawn on the server: the page needs no script for them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

DAY = timedelta(hours=24)
WIDTH, HEIGHT = 288, 48
_BUCKETS = 96


@dataclass(frozen=True, slots=True)
class Chart:
    """`lines` are values of the points attribute of polylines, several where samples are missing.

    `latest` and `peak` are in `unit`, None without samples.
    """

    title: str
    unit: str
    lines: tuple[str, ...]
    latest: float | None
    peak: float | None
    width: int = WIDTH
    height: int = HEIGHT


def draw(title: str, unit: str, samples: Sequence[tuple[datetime, float]], top: float, now: datetime) -> Chart:
    """The samples (oldest first) of the 24 hours until `now`, as averages of 15 minutes; `top` is the upper edge."""
    begin = now - DAY
    buckets: dict[int, list[float]] = defaultdict(list)
    for at, value in samples:
        if begin <= at <= now:
            buckets[min(_BUCKETS - 1, int((at - begin) / DAY * _BUCKETS))].append(value)
    values = [value for at, value in samples if begin <= at <= now]
    return Chart(
        title,
        unit,
        tuple(_lines({number: sum(them) / len(them) for number, them in buckets.items()}, top)),
        values[-1] if values else None,
        max(values, default=None),
    )


def _lines(averages: dict[int, float], top: float) -> list[str]:
    """One line for every run of buckets without a gap; a bucket alone becomes a short line."""
    runs: list[list[int]] = []
    for number in sorted(averages):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [_points(run, averages, top) for run in runs]


def _points(run: list[int], averages: dict[int, float], top: float) -> str:
    step = WIDTH / _BUCKETS
    spots = [(number * step + step / 2, _y(averages[number], top)) for number in run]
    if len(spots) == 1:
        (x, y) = spots[0]
        spots = [(x - step / 2, y), (x + step / 2, y)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)


def _y(value: float, top: float) -> float:
    """From 1 at the top to HEIGHT - 1 at the bottom, so that a line at an edge is drawn whole."""
    part = min(1.0, max(0.0, value / top)) if top > 0 else 0.0
    return HEIGHT - 1 - part * (HEIGHT - 2)
