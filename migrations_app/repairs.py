"""What a person can do about a move that failed: SCVMM's Retry, Undo and Ignore, and two for a host that is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from hosts.audit import Deed
from hosts.inventory import set_activity
from hosts.models import VirtualMachine
from migrations_app import tasks
from migrations_app.deeds import tell
from migrations_app.jobs import (
    JobRefused,
    cancel_job,
    retry_job,
    send,
    wake_a_worker,
    why_not_cancel,
    why_not_retry,
)
from migrations_app.models import JobStep, MigrationJob

Status = MigrationJob.Status
Direction = MigrationJob.Direction


class Repair(StrEnum):
    RETRY = "retry"
    UNDO = "undo"
    IGNORE = "ignore"
    WITHOUT_SOURCE = "without-source"
    WITHOUT_TARGET = "without-target"


@dataclass(frozen=True, slots=True)
class Choice:
    """`what`: what it does. `oath`: what the person has to confirm, "" for nothing. `why_not`: "" when possible."""

    repair: Repair
    title: str
    what: str
    why_not: str
    oath: str = ""


def choices(job: MigrationJob) -> list[Choice]:
    """Every repair, possible or not, for the page that asks."""
    vm, source, target = job.vm_name, job.source_name, job.target_name
    return [
        Choice(Repair.RETRY, "Retry", _what_retry(job), why_not_retry(job)),
        Choice(Repair.UNDO, "Undo", f"Takes back what the job made; {vm} goes on on {source}.", why_not_undo(job)),
        Choice(
            Repair.IGNORE,
            "Ignore",
            f"Drops the failure: Ferry takes its marks away and shows {vm} as the hosts have it. No file is touched.",
            why_not_ignore(job),
        ),
        Choice(
            Repair.WITHOUT_SOURCE,
            f"Finish without {source}",
            f"{vm} stays on {target}. Nothing is removed from {source} any more.",
            why_not_without_source(job),
            f"{source} is gone for good: it will never run again with the disks it had.",
        ),
        Choice(
            Repair.WITHOUT_TARGET,
            f"Give up {target}",
            f"{vm} is resumed on {source} as it was when it was saved. What it wrote on {target} is lost.",
            why_not_without_target(job),
            f"{target} is gone for good: it will never run again with the disks it had.",
        ),
    ]


def why_not_repair(job: MigrationJob) -> str:
    """Why nothing is to be repaired; empty for a failure, and for an undo that may wait for a lost host."""
    is_waiting = job.is_open and job.direction == Direction.UNDO
    is_failure = job.status == Status.FAILED
    return "" if is_failure or is_waiting else "Only what failed can be repaired."


def repair_job(job: MigrationJob, repair: Repair, user: AbstractBaseUser | None) -> None:
    """Raises JobRefused with the reason, changing nothing."""
    job.refresh_from_db()
    _VERBS[repair](job, user)


def why_not_undo(job: MigrationJob) -> str:
    """Why the job cannot be undone; empty when it can."""
    if job.is_open:
        return why_not_cancel(job)
    if job.status == Status.DONE or job.is_committed:
        return (
            f"{job.vm_name} has run on {job.target_name}, and what it wrote is there. Finish the job with Retry, "
            f"then migrate {job.vm_name} back."
        )
    return f"The job was undone already. {job.vm_now}".strip()


def why_not_ignore(job: MigrationJob) -> str:
    """Why the failure cannot be ignored; empty when it can."""
    if job.is_open:
        return "The job has not ended."
    if job.status != Status.FAILED:
        return "Only a failure can be ignored."
    if job.dismissed_at is not None:
        return "It is ignored already."
    return _superseded(job)


def why_not_without_source(job: MigrationJob) -> str:
    """Why the job cannot be finished without its source; empty when it can."""
    if job.status != Status.FAILED or not job.is_committed:
        return f"Only for a job that failed after {job.vm_name} was started on {job.target_name}."
    if job.target is None:
        return f"{job.target_name} was removed from Ferry."
    if job.dismissed_at is not None:
        return why_not_retry(job)
    return _superseded(job)


def why_not_without_target(job: MigrationJob) -> str:
    """Why the target cannot be given up; empty when it can. Once the removal from the source was begun, the target's
    copy may be the only one."""
    if job.source is None:
        return f"{job.source_name} was removed from Ferry."
    if job.is_open and job.direction == Direction.UNDO:
        return "" if not job.is_target_given_up else "It is given up already."
    if job.status != Status.FAILED or not job.is_committed:
        return "Only for a job that failed after the target had the virtual machine, or whose undo waits for it."
    removal = job.steps.filter(key__in=("remove-source", "hand-over")).first()
    if removal is None or removal.status != JobStep.Status.PENDING:
        return f"The removal from {job.source_name} was begun: what is on {job.target_name} may be all there is."
    return _superseded(job)


def _superseded(job: MigrationJob) -> str:
    newer = MigrationJob.objects.filter(vm_uid=job.vm_uid, pk__gt=job.pk)
    return "There is a newer job for this virtual machine." if newer.exists() else ""


def _what_retry(job: MigrationJob) -> str:
    failed = job.steps.filter(status=JobStep.Status.FAILED).first()
    if job.is_committed and failed is not None:
        return f"Goes on at step {failed.number}, {failed.title.lower()}."
    return "Begins again; what was undone is made anew."


def _ignore(job: MigrationJob, user: AbstractBaseUser | None) -> None:
    if reason := why_not_ignore(job):
        raise JobRefused(reason)
    with transaction.atomic():
        failed = MigrationJob.objects.filter(pk=job.pk, status=Status.FAILED, dismissed_at=None)
        if not failed.update(dismissed_at=timezone.now()):
            raise JobRefused("Somebody else has repaired it already.")
        if job.vm is not None:
            set_activity(job.vm, VirtualMachine.Activity.NONE)
        tell(job, user, Deed.JOB_IGNORED, "chose to ignore the failure.", {"failure": job.failure_text}, {})
    send(tasks.take_marks_away, job)


def _without_source(job: MigrationJob, user: AbstractBaseUser | None) -> None:
    if reason := why_not_without_source(job):
        raise JobRefused(reason)
    with transaction.atomic():
        MigrationJob.objects.filter(pk=job.pk).update(is_without_source=True)
        tell(job, user, Deed.JOB_WITHOUT_SOURCE, f"confirmed that {job.source_name} is gone for good.")
        retry_job(job, user)


def _without_target(job: MigrationJob, user: AbstractBaseUser | None) -> None:
    """The way back: whatever the target was ordered to do no longer counts."""
    if reason := why_not_without_target(job):
        raise JobRefused(reason)
    fields: dict[str, object] = {
        "is_target_given_up": True,
        "direction": Direction.UNDO,
        "is_committed": False,
        "status": Status.RUNNING,
        "ended_at": None,
        "not_before": None,
        "undo_attempts": 0,
        "dismissed_at": None,
    }
    if not job.is_open:
        fields |= {"owner": "", "lease_until": None}
    try:
        with transaction.atomic():
            unchanged = MigrationJob.objects.filter(pk=job.pk, status=job.status, is_committed=job.is_committed)
            if not unchanged.update(**fields):
                raise JobRefused("The job has gone on meanwhile; look at it again.")
            if job.vm is not None:
                set_activity(job.vm, VirtualMachine.Activity.UNDER_MIGRATION)
            text = f"confirmed that {job.target_name} is gone for good; the move is undone."
            tell(job, user, Deed.JOB_WITHOUT_TARGET, text)
    except IntegrityError:
        raise JobRefused(f"{job.vm_name} is being moved by another job.") from None
    wake_a_worker(job)


_VERBS: dict[Repair, Callable[[MigrationJob, AbstractBaseUser | None], None]] = {
    Repair.RETRY: retry_job,
    Repair.UNDO: cancel_job,
    Repair.IGNORE: _ignore,
    Repair.WITHOUT_SOURCE: _without_source,
    Repair.WITHOUT_TARGET: _without_target,
}
