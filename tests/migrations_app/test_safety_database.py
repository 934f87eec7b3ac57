"""Safety: a database that is busy, breaks or is late, and a clock that jumps, neither lose a job nor undo one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.db.models import QuerySet
from django.utils import timezone
from pytest_django.fixtures import Settings

from hosts.models import VirtualMachine
from hosts.providers.errors import Refused
from migrations_app.jobs import JobRefused, cancel_job, retry_job
from migrations_app.journal import Journal
from migrations_app.leases import Heartbeat, Lease, LeaseLost, take_lease
from migrations_app.models import HostSlot, MigrationJob
from migrations_app.waiting import due
from tests.fakes.databases import Before, Failing
from tests.fakes.moves import Move

Status = MigrationJob.Status
LOCKED = OperationalError("database is locked")
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class FlakyLease(Lease):
    """A lease whose connection to the database is closed at first."""

    errors: list[Exception] = field(default_factory=list)

    def rows(self) -> QuerySet[MigrationJob]:
        if self.errors:
            raise self.errors.pop()
        return Lease.rows(self)


def test_a_crash_at_the_close_leaks_no_slot(move: Move) -> None:
    job, killed = move.order(), Failing("DELETE", "hostslot", error=SystemExit("killed"))

    with connection.execute_wrapper(killed), pytest.raises(SystemExit):
        move.run(job)
    job.refresh_from_db()
    assert (job.status, HostSlot.objects.count()) == (Status.RUNNING, 2)
    move.end_lease(job)
    move.run(job)

    assert (job.status, job.vm_now) == (Status.DONE, "WEB01 runs on HV02.")
    assert not HostSlot.objects.exists()
    move.assert_moved(job)


def test_a_finished_move_stays_finished_when_the_last_look_fails(move: Move) -> None:
    job, locked = move.order(), Failing("hosts_host", error=LOCKED)
    last_look = Before("DELETE", "hostslot", wish=lambda: connection.execute_wrappers.append(locked))

    with connection.execute_wrapper(last_look):
        move.run(job)
        connection.execute_wrappers.remove(locked)

    assert (locked.is_done, move.source.calls[-1]) == (True, "clear_traces")
    assert move.target.calls[-2:] == ["inspect", "sample"]
    assert (job.status, job.percent, job.vm_now) == (Status.DONE, 100, "WEB01 runs on HV02.")
    assert move.said(job)[-1] == "WEB01 runs on HV02."
    assert VirtualMachine.objects.get().status == "Running"
    move.assert_moved(job)


@pytest.mark.parametrize("error", [LOCKED, InterfaceError("connection already closed")])
@pytest.mark.parametrize("words", [("INSERT", "jobevent"), ("SET", "rate_bytes_per_s"), ("SET", "is_committed")])
def test_a_busy_database_does_not_undo_a_move(move: Move, words: tuple[str, ...], error: Exception) -> None:
    job = move.order()

    with connection.execute_wrapper(Failing(*words, error=error)):
        move.run(job)
    assert job.is_open
    assert (job.direction, job.failure_text) == (MigrationJob.Direction.FORWARD, "")
    move.end_lease(job)
    move.run(job)

    assert (job.status, job.vm_now) == (Status.DONE, "WEB01 runs on HV02.")
    assert "start" not in move.source.calls
    move.assert_moved(job)


def test_a_second_retry_at_the_same_time_does_not_reset_a_job_that_runs(move: Move) -> None:
    job = move.order()
    move.source.fail("checkpoint", Refused("HV01", "It is refused."))
    assert move.run(job).status == Status.FAILED
    first = Before("SELECT", '"id" >', wish=lambda: _retry_and_take(job))

    with connection.execute_wrapper(first), pytest.raises(JobRefused, match="Somebody else has tried it again"):
        retry_job(MigrationJob.objects.get(pk=job.pk), None)

    job.refresh_from_db()
    assert (job.status, job.owner) == (Status.QUEUED, "worker")
    assert job.lease_until is not None
    assert move.said(job).count("Ferry asked to try again.") == 1


def test_a_heartbeat_goes_on_after_its_connection_broke(move: Move) -> None:
    job = move.order()
    lease = _flaky_lease(job, failures=1)

    with Heartbeat(lease) as heartbeat:
        cancel_job(job, None)
        heard = _in_time(lambda: heartbeat.cancel_requested)

    assert heard
    assert (lease.errors, heartbeat.is_lost) == ([], False)
    job.refresh_from_db()
    assert job.lease_until is not None
    assert job.lease_until > timezone.now()


def test_a_heartbeat_that_stays_broken_is_a_lost_lease(move: Move, settings: Settings) -> None:
    settings.LEASE_S = 1
    job = move.order()
    lease = _flaky_lease(job, failures=1000)

    with Heartbeat(lease) as heartbeat:
        assert not heartbeat.is_lost
        assert _in_time(lambda: heartbeat.is_lost)
        with pytest.raises(LeaseLost):
            Journal(job, lease, heartbeat).go_on()
    settings.LEASE_S = 30

    assert move.run(job).status == Status.DONE, job.failure_text
    move.assert_moved(job)


def test_a_clock_that_was_set_back_does_not_hold_the_job_of_a_dead_worker(move: Move) -> None:
    job = move.order()
    take_lease(job.pk, "a worker that dies")
    MigrationJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() + timedelta(hours=1))

    assert MigrationJob.objects.filter(due(timezone.now()), pk=job.pk).exists()
    move.run(job)

    assert (job.status, job.vm_now) == (Status.DONE, "WEB01 runs on HV02.")
    move.assert_moved(job)


def _flaky_lease(job: MigrationJob, *, failures: int) -> FlakyLease:
    lease = take_lease(job.pk, "worker")
    assert lease is not None
    return FlakyLease(lease.job_pk, lease.fence, errors=[InterfaceError("connection already closed")] * failures)


def _retry_and_take(job: MigrationJob) -> None:
    """The first of two clicks wins, and a worker has the job already."""
    retry_job(MigrationJob.objects.get(pk=job.pk), None)
    assert take_lease(job.pk, "worker") is not None


def _in_time(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_so()
