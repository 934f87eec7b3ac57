"""What Celery carries: "advance job N", and the sweep that sends it again when it was lost."""

from __future__ import annotations

import os
import socket
import threading

from celery import shared_task
from celery.signals import worker_shutting_down
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from hosts.pulses import note_pulse
from migrations_app import history, marks
from migrations_app.engine.runner import run_job
from migrations_app.journal import stop_event
from migrations_app.models import MigrationJob
from migrations_app.waiting import due, read_queue, tell_turns

KEPT_FREE = 3
seats = threading.BoundedSemaphore(max(1, settings.WORKER_THREADS - KEPT_FREE))


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def give_jobs_back(**_said_by_celery: object) -> None:
    """Celery would wait for its tasks, which may take hours: jobs that are not in their outage go to other workers."""
    stop_event.set()


@shared_task(name="migrations_app.tasks.advance")  # type: ignore[untyped-decorator]
def advance(job_pk: int) -> None:
    """Work on the job. With all seats taken nothing is done: some threads stay free for the sweep, the refreshes and
    whatever has a VM standing still; the sweep asks again."""
    worker = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
    if _is_urgent(job_pk):
        run_job(job_pk, worker)
    elif seats.acquire(blocking=False):
        try:
            run_job(job_pk, worker)
        finally:
            seats.release()


def _is_urgent(job_pk: int) -> bool:
    is_undoing = Q(direction=MigrationJob.Direction.UNDO)
    return MigrationJob.objects.filter(MigrationJob.IN_OUTAGE | is_undoing, pk=job_pk).exists()


@shared_task(name="migrations_app.tasks.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Send every job that is due: first those that need no place or have theirs (left by a worker that died, waiting
    for a host), then those whose turn it is, in the order of the queue. The others are told what they wait for.
    """
    now = timezone.now()
    queue = read_queue(now)
    tell_turns(queue)
    pks = MigrationJob.objects.filter(due(now)).order_by("pk").values_list("pk", flat=True)
    for pk in [*(pk for pk in pks if pk not in queue.turns), *queue.next_jobs()]:
        advance.apply_async((pk,), expires=60)
    note_pulse("sweep")


@shared_task(name="migrations_app.tasks.forget_old_jobs")  # type: ignore[untyped-decorator]
def forget_old_jobs() -> None:
    history.forget_old_jobs(timezone.now())
    note_pulse("forget-old-jobs")


@shared_task(name="migrations_app.tasks.take_marks_away")  # type: ignore[untyped-decorator]
def take_marks_away(job_pk: int) -> None:
    marks.take_marks_away(job_pk)
