"""What Celery's threads do, and that moves never take them all."""

from __future__ import annotations

from django.conf import settings

from migrations_app import tasks
from migrations_app.models import MigrationJob
from tests.fakes.moves import Move


def test_a_task_works_on_its_job_to_the_end(move: Move) -> None:
    job = move.order()

    tasks.advance(job.pk)

    job.refresh_from_db()
    assert job.status == MigrationJob.Status.DONE


def test_some_threads_stay_free_of_moves(move: Move) -> None:
    job = move.order()
    taken = 0
    while tasks.seats.acquire(blocking=False):
        taken += 1

    tasks.advance(job.pk)

    tasks.seats.release(taken)
    job.refresh_from_db()
    assert job.status == MigrationJob.Status.QUEUED
    assert taken == settings.WORKER_THREADS - tasks.KEPT_FREE
