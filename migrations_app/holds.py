"""The cut-over of a job that holds: when a person wants it, and what can be said about it.

The verbs write wishes only; the worker that has the job, or the next one, reads them (engine/steps/hold.py). None of
them needs the lease: what begins the outage asks once more whether they are still what it has read.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from hosts.audit import Deed
from migrations_app.deeds import tell
from migrations_app.engine.holding import clock
from migrations_app.engine.steps.hold import Hold
from migrations_app.jobs import JobRefused, wake_a_worker
from migrations_app.models import JobStep, MigrationJob

# What `holding_step` looks for: a list of many jobs prefetches these steps alone.
HOLDING_STEPS = JobStep.objects.filter(key=Hold.key, status=JobStep.Status.RUNNING)


def holding_step(job: MigrationJob) -> JobStep | None:
    """The step that holds, while it does: everything is copied, the VM runs on its source. Its note says why."""
    if not job.holds or job.status != MigrationJob.Status.RUNNING or job.direction == MigrationJob.Direction.UNDO:
        return None
    steps = (step for step in job.steps.all() if step.key == Hold.key and step.status == JobStep.Status.RUNNING)
    return next(steps, None)


def why_not_cut_over(job: MigrationJob) -> str:
    """Why the cut-over cannot be ordered; empty when it can. Before everything is copied it is ordered ahead."""
    return why_not_change_window(job) or ("The cut-over is ordered already." if job.cut_over_ordered else "")


def why_not_change_window(job: MigrationJob) -> str:
    """Why the window of the cut-over cannot be changed; empty when it can."""
    if not job.is_open:
        return f"The job has ended: {job.get_status_display()}."
    if not job.holds or job.plan["vm_state"] != "running":
        return "This job holds for no window: it cuts over as soon as everything is copied."
    if job.direction == MigrationJob.Direction.UNDO or job.cancel_requested:
        return "The job is being undone."
    return "The cut-over has begun." if job.outage_began_at else ""


def cut_over_now(job: MigrationJob, user: AbstractBaseUser | None) -> None:
    """Cut over as soon as everything is copied, whatever the window says. Raises JobRefused with the reason."""
    job.refresh_from_db()
    if reason := why_not_cut_over(job):
        raise JobRefused(reason)
    with transaction.atomic():
        _wish(job, cut_over_ordered=True)
        tell(job, user, Deed.JOB_CUT_OVER, f"ordered the cut-over of {job.vm_name}.")
    wake_a_worker(job)


def change_window(
    job: MigrationJob, opens_at: datetime, closes_at: datetime | None, user: AbstractBaseUser | None
) -> None:
    """Cut over in another window; an order to cut over now is taken back. Raises JobRefused with the reason."""
    job.refresh_from_db()
    now = timezone.now()
    if reason := why_not_change_window(job) or _why_no_window(opens_at, closes_at, now):
        raise JobRefused(reason)
    end = f"to {clock(closes_at, now)}" if closes_at else "on"
    text = f"chose the window for the cut-over: from {clock(opens_at, now)} {end}."
    before = _window(job.cut_over_from, job.cut_over_until)
    with transaction.atomic():
        _wish(job, cut_over_from=opens_at, cut_over_until=closes_at, cut_over_ordered=False)
        tell(job, user, Deed.JOB_WINDOW, text, before, _window(opens_at, closes_at))
    wake_a_worker(job)


def _why_no_window(opens_at: datetime, closes_at: datetime | None, now: datetime) -> str:
    if closes_at is None:
        return ""
    if closes_at <= opens_at:
        return "The window closes before it opens: choose a later end."
    return "The window has passed already: choose a later end." if closes_at <= now else ""


def _window(opens_at: datetime | None, closes_at: datetime | None) -> dict[str, str]:
    moments = {"opens": opens_at, "closes": closes_at}
    return {name: at.isoformat(timespec="minutes") for name, at in moments.items() if at is not None}


def _wish(job: MigrationJob, **wishes: object) -> None:
    """Only while there is time for it; a job that waits for its time is due at once."""
    undecided = MigrationJob.objects.filter(pk=job.pk, status__in=MigrationJob.OPEN, outage_began_at=None)
    undecided = undecided.filter(direction=MigrationJob.Direction.FORWARD, cancel_requested=False)
    changes = {**wishes, "not_before": None} if job.status == MigrationJob.Status.RUNNING else wishes
    if not undecided.update(**changes):
        raise JobRefused("The cut-over has begun meanwhile, or the job has ended.")
