"""How long jobs that have ended are remembered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from hosts.models import VirtualMachine
from migrations_app.history import AT_A_TIME, forget_old_jobs
from migrations_app.models import JobEvent, MigrationJob
from tests.fakes.moves import Move

NOW = timezone.now()


@pytest.fixture
def done(transactional_db: None, settings: Settings) -> MigrationJob:
    """A job that ended a hundred days ago."""
    settings.HISTORY_KEEP_D = 90
    move = Move()
    job = move.run(move.order())
    MigrationJob.objects.update(ended_at=NOW - timedelta(days=100))
    return job


def test_an_old_job_goes_with_its_log(done: MigrationJob) -> None:
    assert forget_old_jobs(NOW) == 1

    assert not MigrationJob.objects.exists()
    assert not JobEvent.objects.exists()
    assert VirtualMachine.objects.get().name == "WEB01"


def test_a_job_that_is_not_old_enough_stays(done: MigrationJob, settings: Settings) -> None:
    settings.HISTORY_KEEP_D = 101

    assert forget_old_jobs(NOW) == 0


def test_zero_days_mean_for_ever(done: MigrationJob, settings: Settings) -> None:
    settings.HISTORY_KEEP_D = 0

    assert forget_old_jobs(NOW) == 0


def test_a_failed_job_stays_until_its_vm_is_repaired(done: MigrationJob) -> None:
    MigrationJob.objects.update(status=MigrationJob.Status.FAILED)
    VirtualMachine.objects.update(activity=VirtualMachine.Activity.MIGRATION_FAILED)
    assert forget_old_jobs(NOW) == 0

    VirtualMachine.objects.update(activity=VirtualMachine.Activity.NONE)
    assert forget_old_jobs(NOW) == 1


def test_an_open_job_is_never_old(done: MigrationJob) -> None:
    MigrationJob.objects.update(status=MigrationJob.Status.RUNNING)

    assert forget_old_jobs(NOW) == 0


def test_many_old_jobs_go_a_few_at_a_time(done: MigrationJob) -> None:
    old = [
        MigrationJob(vm_uid=str(n), plan=done.plan, status="done", ended_at=NOW - timedelta(days=200))
        for n in range(AT_A_TIME)
    ]
    MigrationJob.objects.bulk_create(old)

    assert [forget_old_jobs(NOW) for _ in range(3)] == [AT_A_TIME, 1, 0]
