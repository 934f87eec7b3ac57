"""Load over time as lines for SVG, drawn on the server: the page needs no script for them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR, DAY, MONTH = timedelta(hours=1), timedelta(hours=24), timedelta(days=30)
WIDTH, HEIGHT = 288, 48
SPARK_WIDTH, SPARK_HEIGHT = 48, 16


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a chart shows, until `end`, averaged over `buckets` of equal length."""

    end: datetime
    length: timedelta = DAY
    buckets: int = 96

    @property
    def begin(self) -> datetime:
        return self.end - self.length

    def part(self, at: datetime) -> float:
        """0 at the begin, 1 at the end; below or above outside of the window."""
        return (at - self.begin) / self.length

    def quarters(self) -> list[datetime]:
        """Moments to write below the chart: its begin, its end, and three between."""
        return [self.begin + self.length * place / 4 for place in range(5)]


@dataclass(frozen=True, slots=True)
class Chart:
    """`lines` are values of the points attribute of polylines, several where samples are missing.

    `latest`, `peak` and `top` (the upper edge) are in `unit`; the first two None without samples.
    """

    title: str
    unit: str
    lines: tuple[str, ...]
    latest: float | None
    peak: float | None
    top: float
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def areas(self) -> list[str]:
        """The lines with their way back along the lower edge, to be filled."""
        return [self._area(line) for line in self.lines]

    def _area(self, line: str) -> str:
        first, last = (
            line.split(maxsplit=1)[0].split(",", maxsplit=1)[0],
            line.rsplit(maxsplit=1)[-1].split(",", maxsplit=1)[0],
        )
        return f"{first},{self.height} {line} {last},{self.height}"


def draw(title: str, unit: str, samples: Sequence[tuple[datetime, float]], top: float, window: Window) -> Chart:
    """The samples (oldest first) inside the window as averages of its buckets; `top` is the upper edge."""
    inside = [(at, value) for at, value in samples if window.begin <= at <= window.end]
    buckets: dict[int, list[float]] = defaultdict(list)
    for at, value in inside:
        buckets[min(window.buckets - 1, int(window.part(at) * window.buckets))].append(value)
    averages = {number: sum(them) / len(them) for number, them in buckets.items()}
    return Chart(
        title,
        unit,
        tuple(_lines(averages, top, _Picture(WIDTH, HEIGHT, window.buckets))),
        inside[-1][1] if inside else None,
        max((value for _at, value in inside), default=None),
        top,
    )


def spark(by_bucket: Mapping[int, float], top: float, buckets: int = 24) -> tuple[str, ...]:
    """Lines for a picture of SPARK_WIDTH by SPARK_HEIGHT, from the average of each bucket that has one."""
    return tuple(_lines(by_bucket, top, _Picture(SPARK_WIDTH, SPARK_HEIGHT, buckets)))


def draw_stretches(
    title: str, unit: str, stretches: Sequence[tuple[datetime, datetime, float]], top: float, window: Window
) -> Chart:
    """A value for each stretch of time, one after the other without a gap (at least one), as one line with steps."""
    picture = _Picture(WIDTH, HEIGHT, window.buckets)
    values = [value for _begin, _end, value in stretches]
    spots = [
        f"{window.part(at) * WIDTH:.1f},{picture.y(value, top):.1f}"
        for begin, end, value in stretches
        for at in (begin, end)
    ]
    return Chart(title, unit, (" ".join(spots),), values[-1], max(values), top)


@dataclass(frozen=True, slots=True)
class _Picture:
    width: int
    height: int
    buckets: int

    def y(self, value: float, top: float) -> float:
        """From 1 at the top to height - 1 at the bottom, so that a line at an edge is drawn whole."""
        part = min(1.0, max(0.0, value / top)) if top > 0 else 0.0
        return self.height - 1 - part * (self.height - 2)


def _lines(averages: Mapping[int, float], top: float, picture: _Picture) -> Iterable[str]:
    """One line for every run of buckets without a gap; a bucket alone becomes a short line."""
    runs: list[list[int]] = []
    for number in sorted(averages):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [_points(run, averages, top, picture) for run in runs]


def _points(run: list[int], averages: Mapping[int, float], top: float, picture: _Picture) -> str:
    step = picture.width / picture.buckets
    spots = [(number * step + step / 2, picture.y(averages[number], top)) for number in run]
    if len(spots) == 1:
        (x, y) = spots[0]
        spots = [(x - step / 2, y), (x + step / 2, y)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
