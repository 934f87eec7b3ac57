"""When a move begins, when it may cut over, and how urgent it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.utils import timezone
from django.utils.formats import date_format

from hosts import units
from migrations_app.models import MigrationJob

Priority = MigrationJob.Priority


@dataclass(frozen=True, slots=True)
class Schedule:
    """`start_at` None: at once. `holds`: everything is copied, then the job waits for its window, from `cut_over_from`
    to `cut_over_until`, or for a person who says so; otherwise it cuts over when it can."""

    start_at: datetime | None = None
    holds: bool = False
    cut_over_from: datetime | None = None
    cut_over_until: datetime | None = None
    priority: int = Priority.NORMAL

    @classmethod
    def of(cls, job: MigrationJob) -> Self:
        return cls(job.start_at, job.holds, job.cut_over_from, job.cut_over_until, job.priority)

    @property
    def start_words(self) -> str:
        return f"Not before {at(self.start_at)}" if self.start_at else "As soon as both hosts have room for it"

    @property
    def cut_over_words(self) -> str:
        if not self.holds:
            return "As soon as everything is copied"
        if self.cut_over_until is None:
            return "When somebody says so, after everything is copied"
        begin = f"from {at(self.cut_over_from)} " if self.cut_over_from else ""
        return f"In a window {begin}until {at(self.cut_over_until)}"

    @property
    def priority_words(self) -> str:
        return str(Priority(self.priority).label)

    @property
    def phase(self) -> str:
        """What a job of this schedule says until a worker or the queue has something else to say; "" for nothing."""
        return f"Starts {at(self.start_at)}" if self.start_at and self.start_at > timezone.now() else ""


def at(moment: datetime | None) -> str:
    """ "24 Nov 02:00 UTC": for texts that are kept, in the zone of Ferry; the year only where it is another one."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    year = "" if local.year == timezone.localtime().year else " Y"
    return date_format(local, f"j M{year} H:i T")


def mistakes(schedule: Schedule, outage_high_s: float, now: datetime) -> Iterator[tuple[str, str]]:
    """What is wrong, as the name of what was entered (start, from, until) and a sentence; `outage_high_s`: forecast."""
    start, begin, end = schedule.start_at, schedule.cut_over_from, schedule.cut_over_until
    if start is not None and start <= now:
        yield "start", f"{at(start)} has passed. Give a time to come, or let the move begin now."
    if end is None:
        return
    if end <= now:
        yield "until", f"{at(end)} has passed. Let the window end at a time to come."
    elif start is not None and end <= start:
        yield "until", f"The window ends at {at(end)}; the move begins only at {at(start)}."
    elif begin is not None and end <= begin:
        yield "until", f"The window ends at {at(end)}; it must begin before that, not at {at(begin)}."
    elif (end - max(begin or now, start or now, now)).total_seconds() < outage_high_s:
        yield (
            "until",
            f"The window is too short: the outage may last {units.duration(outage_high_s)}. Let it end later.",
        )
