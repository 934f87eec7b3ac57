"""Drives one job through its recipe: forward, or back. The only engine file that knows the rows."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, close_old_connections, transaction
from django.utils import timezone

from hosts.connect import connect_mover
from hosts.models import Host
from hosts.providers.base import QuickMigrates
from hosts.providers.errors import HostUnreachable, ProviderError
from hosts.providers.gone import GoneHost
from hosts.secrets import KeyMissing
from migrations_app import outcome
from migrations_app.checks import recheck
from migrations_app.claims import claim_hosts
from migrations_app.engine.plan import Plan
from migrations_app.engine.recipes import recipe_for
from migrations_app.engine.step import Context, PastReturn, Step, StepRefused, Waiting
from migrations_app.journal import Cancelled, Journal, OutageTooLong, Stopping
from migrations_app.leases import Heartbeat, Lease, LeaseLost, give_back, take_lease
from migrations_app.models import JobStep, MigrationJob
from migrations_app.probing.watch import Watch

logger = logging.getLogger(__name__)

Entry = tuple[JobStep, Step]
WAIT_AT_MOST_S = 60
_LEFT_BEHIND = "What was copied there is left in the folder of the plan: delete it by hand."
_NOTHING_MADE = (JobStep.Status.PENDING, JobStep.Status.UNDONE, JobStep.Status.SKIPPED)


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
    """One attempt at what is left of the job. A job that holds has no slots, so that its target can be removed from
    Ferry meanwhile: what it made on the source is still taken back."""
    job = journal.job
    source_is_lacking = job.source is None and not job.is_without_source
    target_is_lacking = job.target is None and not job.is_target_given_up
    can_go_back = not source_is_lacking and job.outage_began_at is None and job.steps.exists()
    if (source_is_lacking or target_is_lacking) and not can_go_back:
        outcome.close(journal, MigrationJob.Status.FAILED, "One of the hosts was removed from Ferry.")
        return
    outcome.begin(journal)
    if target_is_lacking and job.direction == MigrationJob.Direction.FORWARD:
        outcome.remember_failure(journal, None, StepRefused(f"{job.target_name} was removed from Ferry.", _LEFT_BEHIND))
    plan = Plan.from_json(job.plan)
    try:
        with (
            _connect(job.source, job.source_name, is_gone=job.is_without_source) as source,
            _connect(job.target, job.target_name, is_gone=job.is_target_given_up) as target,
        ):
            claim_hosts(job, lease, (source, target))
            ctx = Context(job.tag, plan, source, target, journal, (), lambda: recheck(job, source, target))
            ctx = replace(ctx, cut_over=journal.cut_over, now=timezone.now)
            _Run(journal, lease, _entries(job, plan)).drive(ctx)
    except KeyMissing as missing:
        _try_again_later(journal, lease, ProviderError(job.source_name, str(missing)))


def _connect(host: Host | None, name: str, *, is_gone: bool) -> QuickMigrates:
    """A host that a person declared gone for good is not asked any more."""
    return GoneHost(name) if is_gone or host is None else connect_mover(host)


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
    is_news = phase != journal.job.phase
    with transaction.atomic():
        journal.write(undo_attempts=attempts, phase=phase)
        if is_news:
            journal.say(f"{verb}: {error}", is_failure=True)
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
        for position, (row, step) in enumerate(self._entries):
            if self._is_behind(position):
                continue
            try:
                self._run_step(ctx, row, step)
            except Waiting as waiting:
                self._journal.rest(row, waiting)
                return
            except (ProviderError, StepRefused, Cancelled, OutageTooLong) as error:
                self._fail(ctx, row, error)
                return
        outcome.complete(self._journal)

    def _run_step(self, ctx: Context, row: JobStep, step: Step) -> None:
        """A step that was begun before is not weighed again: it may have made something that is to be undone."""
        self._journal.go_on()
        now = self._now(ctx, row)
        if row.status == JobStep.Status.PENDING and (reason := step.weigh(now)):
            self._journal.skip(row, reason)
            return
        self._journal.begin(row, step)
        self._journal.end(row, step, step.run(now))

    def _is_behind(self, position: int) -> bool:
        """A gate stays open only for the worker that opened it."""
        row, step = self._entries[position]
        if step.is_gate and self._entries[position + 1][0].status == JobStep.Status.PENDING:
            return False
        return row.status in (JobStep.Status.DONE, JobStep.Status.SKIPPED)

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
        return is_looked_at_again or row.status not in _NOTHING_MADE

    def _undo_step(self, ctx: Context, row: JobStep, step: Step) -> None:
        step.undo(self._now(ctx, row))
        if step.begins_outage and self._job.outage_ended_at is None:
            self._journal.end_outage()
        self._journal.mark(row, JobStep.Status.UNDONE)

    def _go_forward_after_all(self, ctx: Context, found: str) -> None:
        outcome.turn_forward(self._journal, found)
        self._forward(ctx)

    def _now(self, ctx: Context, row: JobStep) -> Context:
        """What the journal knows by now, for the step of this row."""
        rows = [each for each, _ in self._entries]
        return replace(
            ctx,
            proofs=self._journal.proofs(rows),
            start_was_ordered=_was_start_ordered(self._entries),
            past=self._journal.records(each for each in rows if each.position <= row.position),
            own_files=self._journal.proofs([row]),
        )


def _was_start_ordered(entries: Iterable[Entry]) -> bool:
    return any(step.ends_outage and row.status != JobStep.Status.PENDING for row, step in entries)


def _entries(job: MigrationJob, plan: Plan) -> list[Entry]:
    """The recipe's steps beside their rows; the rows are made when the job first runs."""
    recipe = recipe_for(plan, holds=job.holds)
    if not job.steps.exists():
        JobStep.objects.bulk_create(
            JobStep(job=job, position=position, number=number, key=step.key, title=step.title)
            for position, (number, step) in enumerate(recipe)
        )
    rows = {row.position: row for row in job.steps.all()}
    return [(rows[position], step) for position, (_, step) in enumerate(recipe)]


def _as_provider_error(error: ProviderError | StepRefused, plan: Plan) -> ProviderError:
    return error if isinstance(error, ProviderError) else ProviderError(plan.source_name, error.message)
