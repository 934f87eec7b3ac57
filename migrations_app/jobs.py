"""The verbs: start, cancel, retry. The only place where a job's course changes from outside."""

from __future__ import annotations

import logging
from dataclasses import asdict

from celery import Task
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from hosts import units
from hosts.audit import Deed
from hosts.inventory import set_activity
from hosts.models import Host, PowerOrder, VirtualMachine
from hosts.placement import rate_host
from hosts.placement_defaults import placement_defaults
from hosts.rating_record import rating_record
from hosts.rating_types import Options
from migrations_app import tasks
from migrations_app.changes import vm_record
from migrations_app.checks import check_choices, errors
from migrations_app.deeds import tell
from migrations_app.engine.plan import Plan
from migrations_app.models import JobStep, MigrationJob, RateCurve
from migrations_app.plans import choices_of
from migrations_app.schedule import Schedule
from migrations_app.waiting import FOR_A_WORKER, read_queue, tell_turns

logger = logging.getLogger(__name__)

Status = MigrationJob.Status
_AT_ONCE = Schedule()


class JobRefused(Exception):
    """It cannot be done now; the message is a sentence for the person who asked."""


def start_job(
    plan: Plan, user: AbstractBaseUser | None, options: Options | None = None, schedule: Schedule = _AT_ONCE
) -> MigrationJob:
    """Write the job and wake a worker. Raises JobRefused when the plan is stale or impossible, changing nothing.

    `options`: with which the target was chosen; the placement defaults without them. The job keeps the rating.
    """
    vm = VirtualMachine.objects.select_related("host").filter(host__name=plan.source_name, uid=plan.vm_uid).first()
    target = Host.objects.filter(name=plan.target_name).first()
    if vm is None or target is None:
        raise JobRefused(f"{plan.vm_name} is not on {plan.source_name} any more, or {plan.target_name} was removed.")
    if found := errors(check_choices(choices_of(plan, vm, target))):
        raise JobRefused(f"{found[0].text} {found[0].action}".strip())
    chosen_by = placement_defaults() if options is None else options
    rating = rating_record(rate_host(vm, target, chosen_by), chosen_by)
    try:
        with transaction.atomic():
            job = _write(plan, vm, target, user, rating, schedule)
    except IntegrityError:
        raise JobRefused(f"{vm.name} is being moved already.") from None
    wake_a_worker(job)
    return job


def cancel_job(job: MigrationJob, user: AbstractBaseUser | None) -> None:
    """Ask for the job to be cancelled; the worker that has it undoes it. Raises JobRefused with the reason."""
    job.refresh_from_db()
    if reason := why_not_cancel(job):
        raise JobRefused(reason)
    open_rows = MigrationJob.objects.filter(pk=job.pk, status__in=MigrationJob.OPEN)
    with transaction.atomic():
        if not open_rows.filter(is_committed=False, is_committing=False).update(cancel_requested=True, not_before=None):
            raise JobRefused("The job has ended meanwhile, or the virtual machine is being restored on the target.")
        tell(job, user, Deed.JOB_CANCELLED, "asked to cancel the move.")
    wake_a_worker(job)


def change_limit(job: MigrationJob, limit_bytes_per_s: int, user: AbstractBaseUser | None) -> None:
    """Limit the job's bandwidth anew, 0 for not at all; copies that run follow within seconds. Raises JobRefused."""
    job.refresh_from_db()
    if reason := why_not_change_limit(job):
        raise JobRefused(reason)
    copying = MigrationJob.objects.filter(pk=job.pk, status__in=MigrationJob.OPEN, is_committed=False)
    before, after = (units.rate(limit) if limit else "none" for limit in (job.limit_bytes_per_s, limit_bytes_per_s))
    with transaction.atomic():
        if not copying.update(limit_bytes_per_s=limit_bytes_per_s):
            raise JobRefused("The job has ended meanwhile, or everything is copied.")
        text = f"changed the bandwidth limit from {before} to {after}."
        tell(job, user, Deed.JOB_LIMIT, text, {"limit": before}, {"limit": after})


def retry_job(job: MigrationJob, user: AbstractBaseUser | None) -> None:
    """Begin again: at the failed step when the target has the VM, otherwise from the start. Raises JobRefused."""
    job.refresh_from_db()
    if reason := why_not_retry(job):
        raise JobRefused(reason)
    try:
        with transaction.atomic():
            _reset(job)
            tell(job, user, Deed.JOB_RETRIED, "asked to try again.")
    except IntegrityError:
        raise JobRefused(f"{job.vm_name} is being moved by another job.") from None
    wake_a_worker(job)


def set_priority(job: MigrationJob, priority: int, user: AbstractBaseUser | None) -> None:
    """Put a waiting job further to the front or to the back of the queue. Raises JobRefused."""
    choice = MigrationJob.Priority(priority)
    waiting = MigrationJob.objects.filter(pk=job.pk, status=Status.QUEUED)
    with transaction.atomic():
        if not waiting.update(priority=choice):
            raise JobRefused(f"{job.name} does not wait in the queue any more.")
        before, after = ({"priority": it.label} for it in (MigrationJob.Priority(job.priority), choice))
        tell(job, user, Deed.JOB_PRIORITY, f"set the priority to {choice.label}.", before, after)
    tell_turns(read_queue(timezone.now()))
    wake_a_worker(job)


def why_not_cancel(job: MigrationJob) -> str:
    """Why the job cannot be cancelled; empty when it can."""
    if not job.is_open:
        return f"The job has ended: {job.get_status_display()}."
    if job.is_committed:
        return f"{job.vm_name} runs on {job.target_name} already; the job can only be finished."
    if job.is_committing:
        return f"{job.vm_name} is being restored on {job.target_name} at this moment."
    if job.direction == MigrationJob.Direction.UNDO:
        return "The job is being undone already."
    return "The job is being cancelled already." if job.cancel_requested else ""


def why_not_change_limit(job: MigrationJob) -> str:
    """Why a bandwidth limit would change nothing any more; empty when it can be changed."""
    if not job.is_open:
        return f"The job has ended: {job.get_status_display()}."
    if job.is_committed:
        return "Everything is copied already."
    return "The job is being undone." if job.direction == MigrationJob.Direction.UNDO else ""


def why_not_retry(job: MigrationJob) -> str:
    """Why the job cannot be tried again; empty when it can."""
    if job.status not in (Status.FAILED, Status.CANCELLED):
        return "Only a job that failed or was cancelled can be tried again."
    if job.is_committed and job.dismissed_at is not None:
        return "Its failure was ignored: the marks by which it knows its own were taken away."
    is_lacking_source = job.source is None and not job.is_without_source
    if job.vm is None or job.target is None or is_lacking_source:
        return "The virtual machine or one of its hosts was removed from Ferry."
    if not job.is_committed and job.vm.host_id != job.source_id:
        return f"{job.vm_name} is not on {job.source_name} any more."
    newer = MigrationJob.objects.filter(vm_uid=job.vm_uid, pk__gt=job.pk)
    return "There is a newer job for this virtual machine." if newer.exists() else ""


def is_an_outage_open() -> bool:
    """A VM stands still at this moment because of a job that is worked on."""
    open_jobs = MigrationJob.objects.filter(status=Status.RUNNING).exclude(owner="")
    return open_jobs.filter(MigrationJob.IN_OUTAGE).exists()


def wake_a_worker(job: MigrationJob) -> None:
    send(tasks.advance, job)


def send(task: Task, job: MigrationJob) -> None:
    """With the broker away the job waits for the sweep, which finds it in the database."""
    try:
        task.delay(job.pk)
    except OperationalError as error:
        logger.warning("No message could be sent for job %s: %s", job.pk, error)


def _write(
    plan: Plan,
    vm: VirtualMachine,
    target: Host,
    user: AbstractBaseUser | None,
    rating: dict[str, object],
    schedule: Schedule,
) -> MigrationJob:
    job = MigrationJob.objects.create(
        vm=vm,
        source=vm.host,
        target=target,
        vm_uid=vm.uid,
        vm_name=vm.name,
        source_name=vm.host.name,
        target_name=target.name,
        plan=plan.to_json(),
        vm_before=vm_record(vm),
        rating=rating,
        limit_bytes_per_s=plan.limit_bytes_per_s,
        bytes_total=plan.disk_bytes + (plan.memory_mb << 20 if plan.was_running else 0),
        created_by_id=user.pk if user else None,
        phase=schedule.phase or FOR_A_WORKER,
        **asdict(schedule),
    )
    _refuse_ordered(vm)
    if not schedule.phase:
        set_activity(vm, VirtualMachine.Activity.UNDER_MIGRATION)
    ordered = {"folder": plan.folder, "begins": schedule.phase or "now"}
    tell(job, user, Deed.JOB_STARTED, "ordered the move.", {}, ordered)
    return job


def _refuse_ordered(vm: VirtualMachine) -> None:
    """A VM that is being started, shut down or saved is not moved. After the job is written and with the VM's row
    locked, as in power.order_power: of a job and an order at the same time one sees the other."""
    VirtualMachine.objects.select_for_update().get(pk=vm.pk)
    if order := PowerOrder.objects.filter(vm=vm.pk, state__in=PowerOrder.OPEN).first():
        raise JobRefused(f"{vm.name} cannot be moved now: {order.get_verb_display()} is under way.")


def _reset(job: MigrationJob) -> None:
    """A fresh start for the rows; a committed job keeps what is done and goes on at the step that failed."""
    fields: dict[str, object] = {
        "status": Status.QUEUED,
        "direction": MigrationJob.Direction.FORWARD,
        "cancel_requested": False,
        "is_committing": False,
        "phase": Schedule.of(job).phase or FOR_A_WORKER,
        "ended_at": None,
        "lease_until": None,
        "not_before": None,
        "undo_attempts": 0,
        "failure_text": "",
        "failure_action": "",
        "vm_now": "",
        "dismissed_at": None,
        "is_target_given_up": False,
    }
    if not job.is_committed:
        fields |= {"percent": 0, "bytes_done": 0, "outage_began_at": None, "outage_ended_at": None, "resume_by": None}
        fields |= {"started_at": timezone.now(), "cut_over_ordered": False}
    ended = MigrationJob.objects.filter(pk=job.pk, status__in=(Status.FAILED, Status.CANCELLED))
    if not ended.update(**fields):
        raise JobRefused("Somebody else has tried it again already.")
    if not job.is_committed:
        job.steps.update(
            status=JobStep.Status.PENDING, started_at=None, ended_at=None, bytes_done=0, result={}, note=""
        )
        RateCurve.objects.filter(job=job).delete()
    if job.vm is not None:
        _refuse_ordered(job.vm)
    if job.vm is not None and not Schedule.of(job).phase:
        set_activity(job.vm, VirtualMachine.Activity.UNDER_MIGRATION)
