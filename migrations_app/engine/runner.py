"""Drives one job through its recipe: forward, or back. The only engine file that knows the rows."""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from datetime import timedelta

from django.db import close_old_connections
from django.utils import timezone

from hosts.connect import connect_mover
from hosts.providers.errors import ProviderError
from migrations_app import outcome
from migrations_app.checks import recheck
from migrations_app.engine.plan import Plan
from migrations_app.engine.recipes import recipe_for
from migrations_app.engine.step import Context, PastReturn, Step, StepRefused
from migrations_app.journal import Cancelled, Journal, OutageTooLong, Stopping
from migrations_app.leases import Heartbeat, Lease, LeaseLost, give_back, take_lease
from migrations_app.models import JobStep, MigrationJob

logger = logging.getLogger(__name__)

Entry = tuple[JobStep, Step]
UNDO_BACKOFF_MAX_S = 60


def run_job(job_pk: int, owner: str) -> None:
    """Take the job's lease and work on it until it ends, waits, or is lost. Does nothing if it is not due."""
    lease = take_lease(job_pk, owner)
    if lease is None:
        return
    with Heartbeat(lease) as heartbeat:
        job = MigrationJob.objects.select_related("source", "target", "vm").get(pk=job_pk)
        try:
            _Run(Journal(job, lease, heartbeat), lease).drive()
        except LeaseLost:
            logger.warning("Job %s went to another worker.", job_pk)
        except Stopping:
            give_back(lease)
    close_old_connections()


class _Run:
    def __init__(self, journal: Journal, lease: Lease) -> None:
        self._journal = journal
        self._job = journal.job
        self._lease = lease
        self._plan = Plan.from_json(journal.job.plan)
        self._entries = _entries(journal.job, self._plan)

    def drive(self) -> None:
        """One attempt. Whatever goes wrong that nobody foresaw is logged with an id and undone like a failure."""
        job = self._job
        if job.source is None or job.target is None:
            outcome.close(self._journal, MigrationJob.Status.FAILED, "One of the hosts was removed from Ferry.")
            return
        outcome.begin(self._journal)
        with connect_mover(job.source) as source, connect_mover(job.target) as target:
            ctx = Context(job.tag, self._plan, source, target, self._journal, (), lambda: recheck(job))
            try:
                self._drive(ctx)
            except (LeaseLost, Stopping):
                raise
            except Exception as bug:  # noqa: BLE001 - the worker's top-level guard
                self._on_bug(ctx, bug)

    def _drive(self, ctx: Context) -> None:
        if self._job.direction == MigrationJob.Direction.FORWARD:
            self._forward(ctx)
        if self._job.direction == MigrationJob.Direction.UNDO:
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
        proofs = self._journal.proofs(row for row, _ in self._entries)
        result = step.run(replace(ctx, proofs=proofs))
        self._journal.end(row, step, result)

    def _fail(self, ctx: Context, row: JobStep, error: Exception) -> None:
        if row.status == JobStep.Status.RUNNING:
            self._journal.mark(row, JobStep.Status.FAILED)
        outcome.remember_failure(self._journal, row, error)
        if self._job.is_committed:
            outcome.leave_for_a_person(self._journal, ctx)

    def _undo(self, ctx: Context) -> None:
        """Take back every step that was begun, the last first. What can wait for a silent host waits."""
        self._journal.can_stop_for_cancel = False
        waiting: list[ProviderError] = []
        for row, step in reversed(self._entries):
            if row.status in (JobStep.Status.PENDING, JobStep.Status.UNDONE):
                continue
            try:
                self._undo_step(ctx, row, step)
            except PastReturn as found:
                self._go_forward_after_all(ctx, str(found))
                return
            except (ProviderError, StepRefused) as error:
                waiting.append(_as_provider_error(error, self._plan))
                if not step.undo_can_wait:
                    break
        if waiting:
            self._try_again_later(waiting[0])
        else:
            outcome.undone(self._journal, ctx)

    def _undo_step(self, ctx: Context, row: JobStep, step: Step) -> None:
        step.undo(ctx)
        if step.begins_outage and self._job.outage_ended_at is None:
            self._journal.write(outage_ended_at=timezone.now(), resume_by=None)
        self._journal.mark(row, JobStep.Status.UNDONE)

    def _go_forward_after_all(self, ctx: Context, found: str) -> None:
        self._journal.say(f"{found} The move cannot be undone any more and goes on.")
        outcome.turn_forward(self._journal)
        self._forward(ctx)

    def _try_again_later(self, error: ProviderError) -> None:
        attempts = self._job.undo_attempts + 1
        wait_s = min(UNDO_BACKOFF_MAX_S, 2**attempts)
        if attempts == 1:
            self._journal.say(f"Undoing waits: {error.message}", is_failure=True)
        self._journal.write(undo_attempts=attempts, phase=f"Undoing waits for {error.host}")
        give_back(self._lease, not_before=timezone.now() + timedelta(seconds=wait_s))

    def _on_bug(self, ctx: Context, bug: Exception) -> None:
        incident = uuid.uuid4().hex[:8]
        logger.error("Internal error %s in job %s", incident, self._job.pk, exc_info=bug)
        error = StepRefused(f"Internal error {incident}.", "Give this number to whoever runs Ferry; the log has more.")
        running = next((row for row, _ in self._entries if row.status == JobStep.Status.RUNNING), self._entries[0][0])
        if self._job.direction == MigrationJob.Direction.UNDO:
            self._try_again_later(ProviderError(self._plan.source_name, error.message))
            return
        self._fail(ctx, running, error)
        if not self._job.is_committed:
            self._undo(ctx)


def _entries(job: MigrationJob, plan: Plan) -> list[Entry]:
    """The recipe's steps beside their rows; the rows are made when the job first runs."""
    recipe = recipe_for(plan)
    rows = {row.position: row for row in job.steps.all()}
    if not rows:
        made = [
            JobStep(job=job, position=position, number=number, key=step.key, title=step.title)
            for position, (number, step) in enumerate(recipe)
        ]
        JobStep.objects.bulk_create(made)
        rows = {row.position: row for row in job.steps.all()}
    return [(rows[position], step()) for position, (_, step) in enumerate(recipe)]


def _as_provider_error(error: ProviderError | StepRefused, plan: Plan) -> ProviderError:
    return error if isinstance(error, ProviderError) else ProviderError(plan.source_name, error.message)
