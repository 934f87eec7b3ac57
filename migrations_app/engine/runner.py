"""Drives one job through its recipe: forward, or back. The only engine file that knows the rows."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone

from hosts.connect import connect_mover
from hosts.providers.errors import HostUnreachable, ProviderError
from hosts.secrets import KeyMissing
from migrations_app import outcome
from migrations_app.checks import recheck
from migrations_app.engine.plan import Plan
from migrations_app.engine.recipes import recipe_for
from migrations_app.engine.step import Context, PastReturn, Step, StepRefused
from migrations_app.journal import Cancelled, Journal, OutageTooLong, Stopping
from migrations_app.leases import Heartbeat, Lease, LeaseLost, give_back, take_lease
from migrations_app.models import JobStep, MigrationJob
from migrations_app.probing.watch import Watch

logger = logging.getLogger(__name__)

Entry = tuple[JobStep, Step]
WAIT_AT_MOST_S = 60


def run_job(job_pk: int, owner: str) -> None:
    """Take the job's lease and work on it until it ends, waits, or is lost. Does nothing if it is not due."""
    lease = take_lease(job_pk, owner)
    if lease is None:
        return
    job = MigrationJob.objects.select_related("source", "target", "vm").get(pk=job_pk)
    with Heartbeat(lease, cancel_requested=job.cancel_requested) as heartbeat:
        journal = Journal(job, lease, heartbeat)
        try:
            with Watch(journal, lease):
                _drive(journal, lease)
        except LeaseLost:
            logger.warning("Job %s went to another worker.", job_pk)
        except Stopping:
            give_back(lease)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("Job %s: the database failed (%s); the job goes on when its lease ends.", job_pk, error)
        except Exception as bug:  # noqa: BLE001 - the worker's top-level guard
            _on_bug(journal, lease, bug)
    close_old_connections()


def _drive(journal: Journal, lease: Lease) -> None:
    """One attempt at what is left of the job."""
    job = journal.job
    if job.source is None or job.target is None:
        outcome.close(journal, MigrationJob.Status.FAILED, "One of the hosts was removed from Ferry.")
        return
    outcome.begin(journal)
    plan = Plan.from_json(job.plan)
    try:
        with connect_mover(job.source) as source, connect_mover(job.target) as target:
            ctx = Context(job.tag, plan, source, target, journal, (), lambda: recheck(job))
            _Run(journal, lease, _entries(job, plan)).drive(ctx)
    except KeyMissing as missing:
        _try_again_later(journal, lease, ProviderError(job.source_name, str(missing)))


def _on_bug(journal: Journal, lease: Lease, bug: Exception) -> None:
    """Whatever nobody foresaw is logged with an id; the next attempt undoes the job like any failure."""
    incident, job = uuid.uuid4().hex[:8], journal.job
    logger.error("Internal error %s in job %s", incident, job.pk, exc_info=bug)
    if not job.is_open:
        return
    error = StepRefused(f"Internal error {incident}.", "Give this number to whoever runs Ferry; the log has more.")
    if job.direction == MigrationJob.Direction.UNDO:
        _try_again_later(journal, lease, ProviderError(job.source_name, error.message))
        return
    running = job.steps.filter(status=JobStep.Status.RUNNING).first() or job.steps.first()
    outcome.remember_failure(journal, running, error)
    if job.is_committed:
        outcome.close(journal, MigrationJob.Status.FAILED, error.message)
    else:
        give_back(lease)


def _try_again_later(journal: Journal, lease: Lease, error: ProviderError) -> None:
    """The job waits, longer each time; the reason is said whenever it is another one."""
    attempts = journal.job.undo_attempts + 1
    verb = "Undoing waits" if journal.job.direction == MigrationJob.Direction.UNDO else "Waiting"
    phase = f"{verb} for {error.host}: {error.message}"[:200]
    if phase != journal.job.phase:
        journal.say(f"{verb}: {error}", is_failure=True)
    journal.write(undo_attempts=attempts, phase=phase)
    give_back(lease, not_before=timezone.now() + timedelta(seconds=min(WAIT_AT_MOST_S, 2**attempts)))


class _Run:
    def __init__(self, journal: Journal, lease: Lease, entries: list[Entry]) -> None:
        self._journal = journal
        self._job = journal.job
        self._lease = lease
        self._entries = entries

    def drive(self, ctx: Context) -> None:
        if self._job.direction == MigrationJob.Direction.FORWARD:
            self._forward(ctx)
        if self._job.is_open and self._job.direction == MigrationJob.Direction.UNDO:
            self._undo(ctx)

    def _forward(self, ctx: Context) -> None:
        """Run what is left of the recipe. A failure turns the job round, or leaves it for a person."""
        for row, step in self._entries:
            if row.status == JobStep.Status.DONE:
                continue
            try:
                self._run_step(ctx, row, step)
            except (ProviderError, StepRefused, Cancelled, OutageTooLong) as error:
                self._fail(ctx, row, error)
                return
        outcome.complete(self._journal)

    def _run_step(self, ctx: Context, row: JobStep, step: Step) -> None:
        self._journal.go_on()
        self._journal.begin(row, step)
        self._journal.end(row, step, step.run(self._now(ctx)))

    def _fail(self, ctx: Context, row: JobStep, error: Exception) -> None:
        if row.status == JobStep.Status.RUNNING:
            self._journal.mark(row, JobStep.Status.FAILED)
        outcome.remember_failure(self._journal, row, error)
        if self._job.is_committed:
            outcome.leave_for_a_person(self._journal, ctx)

    def _undo(self, ctx: Context) -> None:
        """Take back every step that was begun, the last first; only what a silent host keeps us from may wait."""
        self._journal.can_stop_for_cancel = False
        waiting: list[ProviderError] = []
        for row, step in reversed(self._entries):
            if not self._is_to_undo(row, step):
                continue
            try:
                self._undo_step(ctx, row, step)
            except PastReturn as found:
                self._go_forward_after_all(ctx, str(found))
                return
            except (ProviderError, StepRefused) as error:
                waiting.append(_as_provider_error(error, ctx.plan))
                if not (step.undo_can_wait and isinstance(error, HostUnreachable)):
                    break
        if waiting:
            _try_again_later(self._journal, self._lease, waiting[0])
        else:
            outcome.undone(self._journal, ctx)

    def _is_to_undo(self, row: JobStep, step: Step) -> bool:
        """What was begun. The step of no return is looked at every time: the order to start may take effect late."""
        is_looked_at_again = step.commits and row.status == JobStep.Status.UNDONE
        return is_looked_at_again or row.status not in (JobStep.Status.PENDING, JobStep.Status.UNDONE)

    def _undo_step(self, ctx: Context, row: JobStep, step: Step) -> None:
        step.undo(self._now(ctx))
        if step.begins_outage and self._job.outage_ended_at is None:
            self._journal.write(outage_ended_at=timezone.now(), resume_by=None)
        self._journal.mark(row, JobStep.Status.UNDONE)

    def _go_forward_after_all(self, ctx: Context, found: str) -> None:
        self._journal.say(f"{found} The move cannot be undone any more and goes on.")
        outcome.turn_forward(self._journal)
        self._forward(ctx)

    def _now(self, ctx: Context) -> Context:
        """What the journal knows by now."""
        proofs = self._journal.proofs(row for row, _ in self._entries)
        return replace(ctx, proofs=proofs, start_was_ordered=_was_start_ordered(self._entries))


def _was_start_ordered(entries: Iterable[Entry]) -> bool:
    return any(step.ends_outage and row.status != JobStep.Status.PENDING for row, step in entries)


def _entries(job: MigrationJob, plan: Plan) -> list[Entry]:
    """The recipe's steps beside their rows; the rows are made when the job first runs."""
    recipe = recipe_for(plan)
    if not job.steps.exists():
        JobStep.objects.bulk_create(
            JobStep(job=job, position=position, number=number, key=step.key, title=step.title)
            for position, (number, step) in enumerate(recipe)
        )
    rows = {row.position: row for row in job.steps.all()}
    return [(rows[position], step()) for position, (_, step) in enumerate(recipe)]


def _as_provider_error(error: ProviderError | StepRefused, plan: Plan) -> ProviderError:
    return error if isinstance(error, ProviderError) else ProviderError(plan.source_name, error.message)
