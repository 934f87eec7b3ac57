"""The journal of a job while a worker holds it: every write is conditional on the worker's fence."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from hosts import units
from hosts.providers.types import VmState
from migrations_app.engine.holding import CutOver
from migrations_app.engine.rounds import StepRecord
from migrations_app.engine.step import Copied, FileProof, Step, Waiting
from migrations_app.events import add_event
from migrations_app.leases import Heartbeat, Lease, LeaseLost, rest
from migrations_app.limits import limit_now
from migrations_app.live_forecast import LiveForecast
from migrations_app.models import JobStep, MigrationJob
from migrations_app.notices import job_changed
from migrations_app.rate_curve import RateRecord

WRITE_EVERY_S = 0.5
FIRST_WAIT_S = 0.05
WAIT_GROWTH = 1.4
GROWING_WAITS = 40  # by then a wait is longer than any that is allowed; a float would overflow some 2,000 later
stop_event = threading.Event()


class Stopping(Exception):
    """This process ends, or the ground has changed: the job is given back and goes on elsewhere or later."""


class Cancelled(Exception):
    """Somebody asked for the job to be cancelled."""


class OutageTooLong(Exception):
    """The outage reached its deadline: the source is resumed."""


class Journal:
    """One worker's view of one job: its row, its steps, and a Progress for the step that runs."""

    def __init__(self, job: MigrationJob, lease: Lease, heartbeat: Heartbeat) -> None:
        self.job = job
        self._lease = lease
        self._heartbeat = heartbeat
        self._step: JobStep | None = None
        self._written_at = 0.0
        self._measured: tuple[float, int] | None = None
        self._waits = 0
        self._wishes = Q()
        self._forecast = LiveForecast(job)
        self._rates = RateRecord(job.pk)
        self.can_stop_for_cancel = True

    def write(self, **fields: object) -> None:
        """Write to the job and tell the pages. Raises LeaseLost."""
        self._lease.write(**fields)
        for name, value in fields.items():
            setattr(self.job, name, value)
        transaction.on_commit(lambda: job_changed(self.job.pk))

    def say(self, text: str, *, is_failure: bool = False) -> None:
        if self._heartbeat.is_lost:
            raise LeaseLost
        add_event(self.job.pk, text, is_failure=is_failure)

    def begin(self, row: JobStep, step: Step) -> None:
        """Before the step runs: a crash from here on finds it under way."""
        self._step, self._measured, self._waits = row, None, 0
        goes_on = row.status == JobStep.Status.RUNNING
        row.status, row.ended_at = JobStep.Status.RUNNING, None
        row.started_at = row.started_at or timezone.now()
        fields: dict[str, object] = {"is_committing": step.commits, **self._forecast.of_step(row)}
        if not (goes_on and step.is_gate):
            fields["phase"] = step.phase
        if step.begins_outage and self.job.outage_began_at is None:
            began = timezone.now()
            fields["outage_began_at"] = began
            fields["resume_by"] = began + timedelta(seconds=self.job.plan["deadline_s"])
        with transaction.atomic():
            self.write(**fields)
            row.save(update_fields=["status", "started_at", "ended_at"])
            self._rates.keep(self.job.bytes_done)
            self._heed_wishes(step)
            if not goes_on:
                self.say(f"{row.number} {row.title}.")

    def end(self, row: JobStep, step: Step, result: Copied | None) -> None:
        """After the step ran: its result, and what it means for the job, in one transaction."""
        row.status = JobStep.Status.DONE
        row.ended_at = timezone.now()
        _take(row, result)
        fields: dict[str, object] = {"rate_bytes_per_s": 0, **self._totals(row)}
        if step.ends_outage and self.job.outage_ended_at is None:
            fields["outage_ended_at"] = row.ended_at
        if step.commits:
            fields |= {"is_committed": True, "is_committing": False, "resume_by": None}
        with transaction.atomic():
            self.write(**fields)
            row.save(update_fields=["status", "ended_at", *_RESULT])
            self._rates.keep(self.job.bytes_done)
            if "outage_ended_at" in fields:
                self._say_outage_ended()
        self._step = None

    def keep(self, result: Copied) -> None:
        """What the step that runs has reached so far."""
        row = self._step
        if row is None:
            return
        _take(row, result)
        with transaction.atomic():
            self.write(rate_bytes_per_s=0, **self._totals(row))
            row.save(update_fields=_RESULT)
            self._rates.keep(self.job.bytes_done)

    def skip(self, row: JobStep, reason: str) -> None:
        """The step is not needed, and why. Said once for steps that follow each other."""
        row.status, row.note = JobStep.Status.SKIPPED, reason
        before = self.job.steps.filter(position=row.position - 1, status=row.status)
        with transaction.atomic():
            self.write()
            row.save(update_fields=["status", "note"])
            if not before.exists():
                self.say(f"{row.number} {row.title}: skipped. {reason}")

    def rest(self, row: JobStep, waiting: Waiting) -> None:
        """Give the job back until its time has come, or at once if somebody asked for something meanwhile."""
        is_news = waiting.phase != self.job.phase
        row.note = waiting.text[:300]
        with transaction.atomic():
            if is_news:
                self.say(waiting.text)
            self.write(phase=waiting.phase[:200], rate_bytes_per_s=0)
            row.save(update_fields=["note"])
            rest(self._lease, waiting.until, self._wishes)

    def cut_over(self) -> CutOver:
        """What people want by now."""
        names = ("holds", "cut_over_from", "cut_over_until", "cut_over_ordered")
        wishes = self._lease.rows().values_list(*names).first()
        if wishes is None:
            raise LeaseLost
        self._wishes = Q(**dict(zip(names, wishes, strict=True)))
        return CutOver(*wishes)

    def _heed_wishes(self, step: Step) -> None:
        """Asked in the transaction that begins the step: what is asked later comes too late. A cancel is refused from
        the step of no return on; the outage begins only if it is still wanted now."""
        if step.commits and self._is_cancelled():
            raise Cancelled
        if step.begins_outage and not self._lease.rows().filter(self._wishes).exists():
            raise Stopping

    @property
    def step(self) -> JobStep | None:
        """The one that runs."""
        return self._step

    @property
    def was_left(self) -> bool:
        """The worker before us died with the job, or was too slow."""
        return self._lease.was_left

    def mark(self, row: JobStep, status: JobStep.Status) -> None:
        """The step failed, or was undone."""
        row.status = status
        row.ended_at = timezone.now()
        with transaction.atomic():
            self.write()
            row.save(update_fields=["status", "ended_at"])

    def end_outage(self) -> None:
        """The source was told to resume the VM."""
        with transaction.atomic():
            self.write(outage_ended_at=timezone.now(), resume_by=None)
            self._say_outage_ended()

    def _say_outage_ended(self) -> None:
        outage = self.job.outage
        assert outage is not None
        self.say(f"The outage has ended after {units.duration(outage.total_seconds())}.")

    def proofs(self, rows: Iterable[JobStep]) -> tuple[FileProof, ...]:
        """Every file that the job's finished steps copied."""
        return tuple(FileProof(**raw) for row in rows for raw in row.result.get("files", ()))

    def records(self, rows: Iterable[JobStep]) -> tuple[StepRecord, ...]:
        """What is known of the steps that were begun or skipped."""
        return tuple(_record(row) for row in rows if row.status != JobStep.Status.PENDING)

    def report(self, bytes_done: int, bytes_total: int) -> None:
        row, now = self._step, time.monotonic()
        if row is None or (now - self._written_at < WRITE_EVERY_S and bytes_done < bytes_total):
            return
        self._written_at = now
        row.bytes_done, row.bytes_total = bytes_done, bytes_total
        rate = self._rate(now, bytes_done)
        with transaction.atomic():
            self.write(rate_bytes_per_s=rate, **self._totals(row), **self._forecast.of_report(row, rate))
            row.save(update_fields=["bytes_done", "bytes_total"])
            self._rates.note(self.job.bytes_done)

    def limit_bytes_per_s(self) -> int:
        return limit_now(self.job.pk)

    def wait(self, at_most_s: float) -> None:
        """The first waits of a step are short, as it may be done in a moment; in the outage none is long."""
        self.go_on()
        is_outage = self.job.is_in_outage
        longest_s = min(at_most_s, settings.POLL_MS / 1000 / (4 if is_outage else 1))
        pause_s = min(longest_s, FIRST_WAIT_S * WAIT_GROWTH ** min(self._waits, GROWING_WAITS))
        self._waits += 1
        if is_outage:
            time.sleep(pause_s)
        else:
            stop_event.wait(pause_s)
        self.go_on()

    def go_on(self) -> None:
        """Raises what ends the work on the job; cancel and deadline only while there is a way back.

        A process that ends finishes an outage first: the VM must not stay saved while Ferry is away.
        """
        if self._heartbeat.is_lost:
            raise LeaseLost
        if stop_event.is_set() and not self.job.is_in_outage:
            raise Stopping
        if not self.can_stop_for_cancel or self.job.is_committed:
            return
        if self._heartbeat.cancel_requested:
            raise Cancelled
        if self.job.resume_by is not None and timezone.now() > self.job.resume_by:
            raise OutageTooLong

    def _is_cancelled(self) -> bool:
        """Asked in the transaction that begins the step of no return: from then on a cancel is refused."""
        return self._lease.rows().filter(cancel_requested=True).exists() and not self.job.is_committed

    def _rate(self, now: float, bytes_done: int) -> int:
        """Bytes per second since the step's first report."""
        if self._measured is None:
            self._measured = (now, bytes_done)
        began, at_first = self._measured
        return int((bytes_done - at_first) / (now - began)) if now > began else 0

    def _totals(self, row: JobStep) -> dict[str, int]:
        """The job's bytes and percent: never less than it said before, 100 only when it is done."""
        others = JobStep.objects.filter(job=self.job).exclude(pk=row.pk).values_list("bytes_done", flat=True)
        done = max(sum(others) + row.bytes_done, self.job.bytes_done)
        total = max(self.job.bytes_total, done + self._still_to_save(), 1)
        percent = max(self.job.percent, min(99, 100 * done // total))
        return {"bytes_done": done, "bytes_total": total, "percent": percent}

    def _still_to_save(self) -> int:
        """The memory of a VM that runs travels last, however often its disks were copied before."""
        was_running = self.job.plan["vm_state"] == VmState.RUNNING
        return int(self.job.plan["memory_mb"]) << 20 if was_running and self.job.outage_began_at is None else 0


_RESULT = ["result", "note", "bytes_done", "bytes_total"]


def _take(row: JobStep, result: Copied | None) -> None:
    if result is not None:
        row.result = asdict(result)
        row.note = result.note
        row.bytes_done = row.bytes_total = sum(proof.size_bytes for proof in result.files)


def _record(row: JobStep) -> StepRecord:
    frozen_at = row.result.get("frozen_at")
    return StepRecord(
        key=row.key,
        began_at=row.started_at,
        ended_at=row.ended_at,
        bytes_done=row.bytes_done,
        is_skipped=row.status == JobStep.Status.SKIPPED,
        note=row.note,
        frozen_at=datetime.fromtimestamp(frozen_at, UTC) if frozen_at else None,
        looks=tuple(datetime.fromtimestamp(at, UTC) for at in row.result.get("looks", ())),
    )
