"""How a job begins, turns and ends, and what its rows and its VM's row say then."""

from __future__ import annotations

import logging

from django.db import DatabaseError, transaction
from django.utils import timezone

from hosts.inventory import refresh_host, relocate_vm, set_activity
from hosts.models import Host, VirtualMachine
from hosts.providers.errors import ProviderError
from hosts.providers.types import VmState
from migrations_app.changes import keep_after
from migrations_app.engine.plan import Plan
from migrations_app.engine.step import Context, StepRefused
from migrations_app.journal import Cancelled, Journal, OutageTooLong
from migrations_app.models import HostSlot, JobStep, MigrationJob

logger = logging.getLogger(__name__)

Activity = VirtualMachine.Activity
Status = MigrationJob.Status

CANCELLED = "The move was cancelled."


def begin(journal: Journal) -> None:
    """A worker has the job: the VM's row says so."""
    job = journal.job
    if job.vm is not None:
        set_activity(job.vm, Activity.UNDER_MIGRATION)
    if job.status == Status.QUEUED:
        with transaction.atomic():
            journal.write(status=Status.RUNNING, started_at=job.started_at or timezone.now(), phase="Starting")
            journal.say(f"The move of {job.vm_name} from {job.source_name} to {job.target_name} begins.")
    elif journal.was_left:
        journal.say("The worker that had the job is gone; another one goes on.")


def remember_failure(journal: Journal, row: JobStep | None, error: Exception) -> None:
    """Why the job turns round, for its page; the way back begins. Without a row no step had begun."""
    text, action = _sentence(journal.job, error)
    fields: dict[str, object] = {"failure_text": text, "failure_action": action, "is_committing": False}
    if not journal.job.is_committed:
        fields |= {"direction": MigrationJob.Direction.UNDO, "phase": "Undoing", "undo_attempts": 0}
    where = "" if isinstance(error, Cancelled) or row is None else f"Step {row.number} failed: "
    with transaction.atomic():
        journal.write(**fields)
        journal.say(where + text, is_failure=not isinstance(error, Cancelled))


def turn_forward(journal: Journal, found: str) -> None:
    """The target has the VM after all, as `found` says: the failure is void."""
    with transaction.atomic():
        journal.say(f"{found} The move cannot be undone any more and goes on.")
        journal.write(
            direction=MigrationJob.Direction.FORWARD,
            is_committed=True,
            cancel_requested=False,
            resume_by=None,
            failure_text="",
            failure_action="",
        )


def undone(journal: Journal, ctx: Context) -> None:
    """Everything is as it was before the job."""
    job = journal.job
    is_cancel = job.failure_text == CANCELLED
    if job.is_target_given_up and job.vm is not None and job.source is not None:
        relocate_vm(job.vm.pk, job.source)
    journal.write(vm_now=_vm_now(ctx))
    close(journal, Status.CANCELLED if is_cancel else Status.FAILED, job.failure_text)


def leave_for_a_person(journal: Journal, ctx: Context) -> None:
    """The target has the VM, and a later step failed: only forward, by a retry."""
    _relocate(journal.job)
    journal.write(vm_now=_vm_now(ctx))
    close(journal, Status.FAILED, journal.job.failure_text)


def complete(journal: Journal) -> None:
    job = journal.job
    _relocate(job)
    state = "runs" if Plan.from_json(job.plan).was_running else "is"
    close(journal, Status.DONE, f"{job.vm_name} {state} on {job.target_name}.")


def close(journal: Journal, status: MigrationJob.Status, text: str) -> None:
    """The job's end, in one transaction: its row, its slots, the VM's row, the last event. Then both hosts are asked
    what they have now; that this fails changes nothing about the job."""
    job = journal.job
    is_stuck = status == Status.FAILED and job.is_committed
    fields: dict[str, object] = {"percent": 100, "vm_now": text} if status == Status.DONE else {}
    with transaction.atomic():
        if job.vm is not None:
            set_activity(job.vm, Activity.MIGRATION_FAILED if is_stuck else Activity.NONE)
        journal.say(text, is_failure=status == Status.FAILED)
        HostSlot.objects.filter(job=job).delete()
        journal.write(
            status=status,
            phase=status.label,
            ended_at=timezone.now(),
            rate_bytes_per_s=0,
            resume_by=None,
            is_committing=False,
            **fields,
        )
    for host in (job.source, job.target):
        if host is not None:
            _look_again(host)
    keep_after(job.pk)


def _look_again(host: Host) -> None:
    try:
        refresh_host(host)
    except DatabaseError as error:
        logger.warning("%s was not refreshed after a move: %s", host.name, error)


def _relocate(job: MigrationJob) -> None:
    if job.vm is not None and job.target is not None:
        relocate_vm(job.vm.pk, job.target)


def _sentence(job: MigrationJob, error: Exception) -> tuple[str, str]:
    """What happened and what to do, for a person."""
    if isinstance(error, ProviderError):
        return str(error), error.action
    if isinstance(error, StepRefused):
        return error.message, error.action
    if isinstance(error, OutageTooLong):
        seconds = job.plan["deadline_s"]
        return (
            f"The outage reached its deadline of {seconds:.0f} s, so the move was undone.",
            "Look at the rate of the copy in the log; retry when the network is less busy.",
        )
    return CANCELLED, ""


def _vm_now(ctx: Context) -> str:
    """Where the VM is and how, asked now: the host that should have it is asked first."""
    plan, places = ctx.plan, []
    for host, name in ((ctx.source, plan.source_name), (ctx.target, plan.target_name)):
        try:
            found = host.find_vm(plan.vm_uid)
        except ProviderError as error:
            places.append(f"{name} could not be asked: {error.message}")
            continue
        if found is not None:
            places.append(f"{plan.vm_name} is {_WORDS.get(found.state, found.state.value)} on {name}.")
    return " ".join(places) or f"{plan.vm_name} was found on neither host."


_WORDS = {VmState.RUNNING: "running", VmState.OFF: "stopped", VmState.SAVED: "in saved state"}
