"""The watch goes on for as long as it is of use, survives the database, and ends with the lease."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.models import F, QuerySet
from django.utils import timezone
from pytest_django.fixtures import Settings

from migrations_app.journal import Journal
from migrations_app.leases import Heartbeat, Lease, take_lease
from migrations_app.models import AvailabilitySpan, JobStep, MigrationJob
from migrations_app.probing.watch import Watch
from tests.fakes.moves import Move
from tests.lab_moves import wait_until

AGO = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class FlakyLease(Lease):
    """A lease whose database fails at first."""

    errors: list[Exception] = field(default_factory=list)

    def rows(self) -> QuerySet[MigrationJob]:
        if self.errors:
            raise self.errors.pop()
        return Lease.rows(self)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def job(move: Move, settings: Settings, port: int) -> Iterator[MigrationJob]:
    """A job whose VM an earlier worker asked at a port of this machine."""
    settings.PROBES = ["ping"]
    job, method, ago = move.order(), f"TCP 127.0.0.1:{port}", timezone.now() - AGO
    AvailabilitySpan.objects.create(job=job, began_at=ago, ended_at=ago, is_up=True, method=method)
    yield job
    wait_until(lambda: not is_watched(job), "the watch has ended")


def is_watched(job: MigrationJob) -> bool:
    return any(thread.name == f"watch-{job.pk}" for thread in threading.enumerate())


def watch(job: MigrationJob, *errors: Exception) -> Watch:
    lease = take_lease(job.pk, "test")
    assert lease is not None
    flaky = FlakyLease(lease.job_pk, lease.fence, errors=list(errors))
    return Watch(Journal(job, lease, Heartbeat(lease)), flaky)


def test_after_the_job_it_goes_on_until_the_vm_answers(move: Move, job: MigrationJob, port: int) -> None:
    move.run(job)
    assert job.status == MigrationJob.Status.DONE
    assert is_watched(job)

    with socket.create_server(("127.0.0.1", port)):
        wait_until(lambda: not is_watched(job), "the watch has ended")

    assert [span.is_up for span in job.availability_spans.all()] == [True, False, True]


def test_what_the_database_refuses_is_written_later(job: MigrationJob) -> None:
    locked = [OperationalError("database is locked") for _ in range(2)]

    with watch(job, *locked):
        wait_until(lambda: job.availability_spans.count() > 1, "what was seen is written")

    last = job.availability_spans.last()
    assert last is not None
    assert not last.is_up
    assert last.probes >= 2


def test_it_ends_when_another_worker_has_the_job(job: MigrationJob) -> None:
    with watch(job):
        MigrationJob.objects.filter(pk=job.pk).update(fence=F("fence") + 1)

        wait_until(lambda: not is_watched(job), "the watch has ended")

    assert job.availability_spans.count() == 1


def test_it_asks_often_right_before_in_and_after_the_outage(job: MigrationJob) -> None:
    watching, now = watch(job), timezone.now()
    assert not watching.is_near()

    for began_at, ended_at, is_near in ((now, None, True), (now - AGO, now, True), (now - AGO, now - AGO / 2, False)):
        job.outage_began_at, job.outage_ended_at = began_at, ended_at
        assert watching.is_near() == is_near


@pytest.mark.parametrize(
    ("key", "ago", "is_near"),
    [("copy", 0 * AGO, False), ("copy-delta", 0 * AGO, True), ("copy-delta", 2 * AGO, False)],
)
def test_the_steps_before_the_outage_count_while_they_are_short(
    job: MigrationJob, key: str, ago: timedelta, is_near: bool
) -> None:
    watching = watch(job)
    watching._journal._step = JobStep(job=job, key=key, started_at=timezone.now() - ago)

    assert watching.is_near() == is_near
