"""What was forecast beside what was measured, for one move and for many. docs/forecast.md says what is judged."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from migrations_app.engine.plan import Plan
from migrations_app.forecast import Span
from migrations_app.live_forecast import latest
from migrations_app.models import MigrationJob


@dataclass(frozen=True, slots=True)
class Compared:
    """A forecast and what came of it, in seconds."""

    expected: Span
    measured_s: float

    @property
    def error_s(self) -> float:
        """More than nothing: it took longer than what was likely."""
        return self.measured_s - self.expected.likely_s

    @property
    def ratio(self) -> float | None:
        return self.measured_s / self.expected.likely_s if self.expected.likely_s > 0 else None

    @property
    def percent(self) -> float:
        """The size of the error by what was likely; 0 where nothing was."""
        return 100 * abs(self.ratio - 1) if self.ratio else 0.0

    @property
    def is_inside(self) -> bool:
        return self.expected.low_s <= self.measured_s <= self.expected.high_s


@dataclass(frozen=True, slots=True)
class JobAccuracy:
    """`before`: as forecast when the move was ordered; `last`: just before the save. None: nothing to judge."""

    outage_before: Compared | None
    outage_last: Compared | None
    total: Compared | None


def job_accuracy(job: MigrationJob) -> JobAccuracy | None:
    """Of a move that has ended well; None for every other."""
    if job.status != MigrationJob.Status.DONE:
        return None
    plan, last = Plan.from_json(job.plan), latest(job)
    outage_s = seconds_between(job.outage_began_at, job.outage_ended_at)
    before = span_of(plan.outage_low_s, plan.outage_s, plan.outage_high_s)
    total = span_of(plan.total_low_s, plan.total_s, plan.total_high_s)
    is_whole = not job.holds and not job.events.filter(is_failure=True).exists()
    return JobAccuracy(
        outage_before=compare(before, outage_s),
        outage_last=compare(last.outage if last else None, outage_s),
        total=compare(total, seconds_between(job.started_at, job.ended_at) if is_whole else None),
    )


def compare(expected: Span | None, measured_s: float | None) -> Compared | None:
    return Compared(expected, measured_s) if expected is not None and measured_s is not None else None


def span_of(low_s: float, likely_s: float, high_s: float) -> Span:
    """What an older plan does not tell is likely lies in the middle, by ratio."""
    return Span(low_s, likely_s or (low_s * high_s) ** 0.5, high_s)


def seconds_between(begin: datetime | None, end: datetime | None) -> float | None:
    return max(0.0, (end - begin).total_seconds()) if begin and end else None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of many forecasts. Errors in seconds: `median_s` of their sizes, `worst_s` and `bias_s` (the median) signed."""

    count: int
    median_s: float
    median_percent: float
    worst_s: float
    bias_s: float
    inside: int
    measured_s: float

    @property
    def inside_percent(self) -> float:
        return 100 * self.inside / self.count


def accuracy(compared: Sequence[Compared]) -> Accuracy | None:
    """None of none. `median_percent` is the size of the error by what was likely."""
    if not compared:
        return None
    ratios = [abs(each.ratio - 1) for each in compared if each.ratio is not None]
    return Accuracy(
        count=len(compared),
        median_s=statistics.median(abs(each.error_s) for each in compared),
        median_percent=100 * statistics.median(ratios) if ratios else 0.0,
        worst_s=max((each.error_s for each in compared), key=abs),
        bias_s=statistics.median(each.error_s for each in compared),
        inside=sum(each.is_inside for each in compared),
        measured_s=statistics.median(each.measured_s for each in compared),
    )
