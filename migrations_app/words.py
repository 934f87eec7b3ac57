"""A job in plain words, for somebody who asks: what happens to this virtual machine, and does it work meanwhile?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from hosts import units
from migrations_app.holds import holding_step
from migrations_app.live_forecast import latest, outage_of
from migrations_app.models import JobStep, MigrationJob
from migrations_app.waiting import FOR_A_WORKER

Status = MigrationJob.Status


@dataclass(frozen=True, slots=True)
class Words:
    """One or more sentences. `pause_at`: when the pause is expected, for a clock in the reader's zone; it follows
    `text` with `at`, and `shows` as much as the tag `moment` does with it."""

    text: str
    tone: str
    icon: str
    pause_at: datetime | None = None
    at: str = "at about"
    shows: str = "clock"


def describe(job: MigrationJob) -> Words:
    """What happens to the VM now; never more certain than the rows."""
    if job.status == Status.QUEUED:
        reason = "" if job.phase == FOR_A_WORKER else f" {job.phase}."
        text = f"{job.vm_name} waits to be moved to {job.target_name}. {_meanwhile(job)}{reason}"
        return Words(text, "off", "clock")
    if job.status == Status.RUNNING:
        return _running(job)
    if job.status == Status.DONE:
        return Words(_done(job), "ok", "circle-check")
    if job.status == Status.CANCELLED:
        return Words(f"The move of {job.vm_name} was cancelled. {job.vm_now}".strip(), "off", "circle-slash")
    return Words(f"The move of {job.vm_name} failed. {job.vm_now}".strip(), "bad", "circle-x")


def expected_outage(job: MigrationJob) -> str:
    """ "8 to 12 s" by the latest forecast, or "" for a VM that does not run."""
    outage = outage_of(job)
    return units.span(outage.low_s, outage.high_s) if outage else ""


def measured_outage(job: MigrationJob) -> str:
    """ "9.2 s" once it has ended; "" before that, and for a VM that did not run."""
    return units.duration(job.outage.total_seconds()) if job.outage is not None and job.outage_ended_at else ""


def _running(job: MigrationJob) -> Words:
    if job.direction == MigrationJob.Direction.UNDO:
        return Words(f"The move of {job.vm_name} is being undone. {_return(job)}", "warn", "undo-2")
    if job.outage_began_at is None:
        return _holding(job, step) if (step := holding_step(job)) else _before_outage(job)
    if job.outage_ended_at is None:
        expected = expected_outage(job)
        text = f"{job.vm_name} is paused while it changes hosts. Expected: a pause of {expected}."
        return Words(text, "warn", "circle-pause")
    measured = measured_outage(job)
    text = f"{job.vm_name} runs on {job.target_name} after a pause of {measured}. The job is tidying up."
    return Words(text, "busy", "arrow-right-left")


def _before_outage(job: MigrationJob) -> Words:
    expected = expected_outage(job)
    if not expected:
        text = f"{job.vm_name} is being moved from {job.source_name} to {job.target_name}. {_meanwhile(job)}"
        return Words(text, "busy", "arrow-right-left")
    text = f"{job.vm_name} is being moved from {job.source_name} to {job.target_name}. It keeps running. "
    return Words(text + f"Expect a pause of {expected}", "busy", "arrow-right-left", _pause_at(job))


def _holding(job: MigrationJob, step: JobStep) -> Words:
    """Everything is copied, and the VM may not pause yet."""
    stays = f"{job.vm_name} keeps running on {job.source_name} and is kept in sync"
    if job.cut_over_ordered:
        return Words(f"{job.vm_name} keeps running on {job.source_name}; its cut-over is ordered.", "busy", "clock")
    if job.cut_over_from is not None and job.cut_over_from > timezone.now():
        text = f"{stays}; the cut-over is planned"
        return Words(text, "busy", "calendar-clock", job.cut_over_from, at="for", shows="minute")
    return Words(step.note or f"{stays}.", "warn", "clock")


def _pause_at(job: MigrationJob) -> datetime | None:
    """When the pause is expected; None for a job that will hold."""
    if job.holds and not job.cut_over_ordered:
        return None
    now = latest(job)
    return now.pause_at if now else None


def _done(job: MigrationJob) -> str:
    measured = measured_outage(job)
    if not measured and _did_run(job):
        return f"{job.vm_name} was moved live and runs on {job.target_name}."
    if not measured:
        return f"{job.vm_name} was moved to {job.target_name}. It did not run, so there was no outage."
    return f"{job.vm_name} was moved and runs on {job.target_name}. It was not available for {measured}."


def _meanwhile(job: MigrationJob) -> str:
    return "It keeps running." if _did_run(job) else "It does not run."


def _did_run(job: MigrationJob) -> bool:
    return bool(_plan(job)["vm_state"] == "running")


def _return(job: MigrationJob) -> str:
    if job.outage_began_at is None:
        return _meanwhile(job)
    return f"It resumes on {job.source_name}."


def _plan(job: MigrationJob) -> dict[str, Any]:
    return dict(job.plan)
