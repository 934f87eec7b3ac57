"""The rate of a job over its time, as a picture, with the outage in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from math import floor, log10

from hosts import units
from hosts.charts import Chart, Window, draw_stretches
from migrations_app.models import MigrationJob, RateCurve
from migrations_app.rate_curve import Point

Stretch = tuple[datetime, datetime, float]  # begin, end, bytes per second


@dataclass(frozen=True, slots=True)
class RateChart:
    """Rates in bytes per second; `mean` while something was copied. `outage_x`, `outage_width`: in percent, None
    without an outage. `sentence` says it all to whoever does not see the picture."""

    chart: Chart
    window: Window
    mean: float
    peak: float
    outage_x: float | None
    outage_width: float
    sentence: str


def rate_chart(job: MigrationJob) -> RateChart | None:
    """None as long as nothing was copied."""
    curve = RateCurve.objects.filter(job=job).first()
    stretches = _stretches(curve.points) if curve else []
    peak = max((rate for _begin, _end, rate in stretches), default=0.0)
    if not peak:
        return None
    window = Window(stretches[-1][1], stretches[-1][1] - stretches[0][0])
    mean = _mean(stretches)
    outage = _outage(job, window)
    return RateChart(
        chart=draw_stretches("Rate of the copies", "B/s", stretches, _upper_edge(peak), window),
        window=window,
        mean=mean,
        peak=peak,
        outage_x=outage[0] if outage else None,
        outage_width=outage[1] if outage else 0.0,
        sentence=_sentence(window, mean, peak, is_paused=outage is not None),
    )


def _stretches(points: Sequence[Point]) -> list[Stretch]:
    return [
        (datetime.fromtimestamp(begin, UTC), datetime.fromtimestamp(end, UTC), max(0, after - before) / (end - begin))
        for (begin, before), (end, after) in pairwise(points)
        if end > begin
    ]


def _mean(stretches: Sequence[Stretch]) -> float:
    copying = [((end - begin).total_seconds(), rate) for begin, end, rate in stretches if rate]
    return sum(seconds * rate for seconds, rate in copying) / sum(seconds for seconds, _rate in copying)


def _outage(job: MigrationJob, window: Window) -> tuple[float, float] | None:
    """Begin and width in percent of the picture; one that began after the last point is at its edge."""
    if job.outage_began_at is None:
        return None
    begin, end = (
        min(1.0, max(0.0, window.part(at))) for at in (job.outage_began_at, job.outage_ended_at or window.end)
    )
    return round(100 * begin, 2), round(100 * max(0.0, end - begin), 2)


def _sentence(window: Window, mean: float, peak: float, *, is_paused: bool) -> str:
    length = units.duration(window.length.total_seconds())
    text = f"Rate of the copies over {length}: {units.rate(mean)} on average while copying, {units.rate(peak)} at most."
    return f"{text} The pause of the virtual machine is marked." if is_paused else text


def _upper_edge(peak: float) -> float:
    """The next of 1, 2, 5, 10, 20 ... MB/s, or KB/s, that is not below."""
    unit = units.MB if peak >= units.MB else units.KB
    tens = 10 ** floor(log10(max(1.0, peak / unit))) * unit
    return float(next(tens * step for step in (1, 2, 5, 10) if tens * step >= peak))
