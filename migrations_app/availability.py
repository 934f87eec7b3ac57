"""The outage three times: as it was forecast, as the job measures it, and as a probe from outside saw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from hosts import units
from migrations_app.live_forecast import outage_of
from migrations_app.models import AvailabilitySpan, MigrationJob
from migrations_app.probing.runs import Outage, outage_within, outages
from migrations_app.probing.strip import Mark, Stretch, Window, stretches, whole, window_of

HEADROOM = 1.25
ANSWERS_LATE = timedelta(seconds=10)
SHORTEST_SEEN_S = 0.3
COARSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Availability:
    """Seconds, and where they stand on a scale in percent. `measured_s` is None before the outage begins.

    `seen`: None where nothing was asked; `why_unseen` says why.
    """

    low_s: float
    high_s: float
    measured_s: float | None
    has_ended: bool
    low_percent: float
    band_percent: float
    measured_percent: float
    is_longer: bool
    seen: Seen | None
    why_unseen: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the probe saw. `outage`: the one of the move, as far as it was seen; `others`: how many more there were.

    `strip` has a cell for every second around the outage, `line` the whole job, where that is longer.
    `sentence` says it all to whoever does not see the picture; `doubt`: where probe and job contradict each other.
    """

    method: str
    outage: Outage | None
    others: int
    window: Window
    strip: Sequence[Stretch]
    seen_mark: Mark | None
    paused_mark: Mark | None
    line: Sequence[Stretch]
    window_mark: Mark | None
    doubt: str
    sentence: str

    @property
    def length(self) -> str:
        """Of the outage; a range where the probe did not see its begin or its end closely. "" where there is none."""
        return _length(self.outage) if self.outage else ""

    @property
    def has_unseen(self) -> bool:
        return any(stretch.state == "unseen" for stretch in self.strip)

    @property
    def line_end(self) -> datetime:
        return self.line[-1].ended_at


def availability(job: MigrationJob) -> Availability | None:
    """None for a VM that did not run: it has no outage."""
    expected = outage_of(job)
    if expected is None:
        return None
    measured = max(0.0, job.outage.total_seconds()) if job.outage is not None else None
    scale = max(expected.high_s, measured or 0.0, 1.0) * HEADROOM
    spans = list(job.availability_spans.all())
    return Availability(
        low_s=expected.low_s,
        high_s=expected.high_s,
        measured_s=measured,
        has_ended=job.outage_ended_at is not None,
        low_percent=round(100 * expected.low_s / scale, 1),
        band_percent=round(100 * (expected.high_s - expected.low_s) / scale, 1),
        measured_percent=round(100 * (measured or 0.0) / scale, 1),
        is_longer=measured is not None and measured > expected.high_s,
        seen=_seen(job, spans) if spans else None,
        why_unseen=_why_unseen(job),
    )


def _seen(job: MigrationJob, spans: Sequence[AvailabilitySpan]) -> Seen:
    found = outages(spans)
    outage = _of_the_move(job, found)
    window = window_of(spans, outage)
    all_of_it = whole(spans)
    is_long = window.began_at > spans[0].began_at or window.ended_at < spans[-1].ended_at
    return Seen(
        method=spans[-1].method,
        outage=outage,
        others=len(found) - (outage is not None),
        window=window,
        strip=stretches(spans, window),
        seen_mark=window.mark(outage.began_at, outage.ended_at or outage.last_probe_at) if outage else None,
        paused_mark=_paused_mark(job, window, spans[-1].ended_at),
        line=stretches(spans, all_of_it) if is_long else (),
        window_mark=all_of_it.mark(window.began_at, window.ended_at),
        doubt=_doubt(job, spans, outage),
        sentence=_sentence(job, spans, outage),
    )


def _sentence(job: MigrationJob, spans: Sequence[AvailabilitySpan], outage: Outage | None) -> str:
    if outage is None:
        state = "answers" if spans[-1].is_up else "does not answer"
        return f"{job.vm_name} {state}, asked from outside."
    length = _length(outage)
    if outage.ended_at is None:
        return f"{job.vm_name} has not answered for {length}, asked from outside."
    return f"{job.vm_name} did not answer for {length}, asked from outside; then it answered again."


def _length(outage: Outage) -> str:
    if outage.ended_at is not None and outage.resolution_s > COARSE_S:
        return units.span(outage.least_s, outage.length_s)
    return units.duration(outage.length_s)


def _of_the_move(job: MigrationJob, found: Sequence[Outage]) -> Outage | None:
    """The longest that touches the job's own, or the moments after it."""
    if job.outage_began_at is None:
        return None
    ended_at = job.outage_ended_at or timezone.now()
    return outage_within(found, job.outage_began_at, ended_at + ANSWERS_LATE)


def _paused_mark(job: MigrationJob, window: Window, last: datetime) -> Mark | None:
    """The outage by the job's own clock."""
    if job.outage_began_at is None:
        return None
    return window.mark(job.outage_began_at, job.outage_ended_at or max(last, job.outage_began_at))


def _doubt(job: MigrationJob, spans: Sequence[AvailabilitySpan], outage: Outage | None) -> str:
    """Where the two measurements of an outage that is over do not fit together."""
    began_at, ended_at, paused = job.outage_began_at, job.outage_ended_at, job.outage
    if began_at is None or ended_at is None or paused is None:
        return ""
    if outage is None:
        return _doubt_without_outage(job, spans, began_at, ended_at)
    if outage.ended_at is None:
        return "" if job.is_open else f"{job.vm_name} was not heard again while it was watched."
    apart_s = outage.length_s - paused.total_seconds()
    if abs(apart_s) <= outage.resolution_s:
        return ""
    more = "longer" if apart_s > 0 else "shorter"
    return (
        f"Seen from outside it was {units.duration(abs(apart_s))} {more} than by the job, which counts from the order "
        f"to save {job.vm_name} until its host says that it runs."
    )


def _doubt_without_outage(
    job: MigrationJob, spans: Sequence[AvailabilitySpan], began_at: datetime, ended_at: datetime
) -> str:
    was_watched = any(span.began_at <= began_at and span.ended_at >= ended_at for span in spans)
    if not was_watched:
        return "Nobody looked during the outage."
    if (ended_at - began_at).total_seconds() < SHORTEST_SEEN_S:
        return "The outage was too short to be seen by the probe."
    return (
        f"All was answered although {job.vm_name} was paused: something else answers at its address, and what the "
        "probe shows proves nothing."
    )


def _why_unseen(job: MigrationJob) -> str:
    if job.unobserved:
        return job.unobserved
    if not settings.PROBES:
        return "Ferry is set to ask no virtual machine (FERRY_PROBES)."
    return "" if job.is_open else "Nobody looked while this job ran."
