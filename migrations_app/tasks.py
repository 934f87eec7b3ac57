"""What Celery carries: "advance job N", and the sweep that sends it again when it was lost."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from datetime import datetime

from celery import shared_task
from celery.signals import worker_shutting_down
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from hosts.pulses import note_pulse
from migrations_app import history, marks, power_work
from migrations_app.engine.runner import run_job
from migrations_app.journal import stop_event
from migrations_app.models import MigrationJob
from migrations_app.waiting import due, read_queue, tell_turns

KEPT_FREE = 5
POWER_SEATS = 2
seats = threading.BoundedSemaphore(max(1, settings.WORKER_THREADS - KEPT_FREE))
power_seats = threading.BoundedSemaphore(POWER_SEATS)


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
    _send_orders(now)
    note_pulse("sweep")


@shared_task(name="migrations_app.tasks.carry_out_order")  # type: ignore[untyped-decorator]
def carry_out_order(order_pk: int) -> None:
    """Start, shut down, save or turn off. With its seats taken nothing is done; the sweep asks again."""
    _with_power_seat(lambda: power_work.carry_out(order_pk))


@shared_task(name="migrations_app.tasks.follow_shut_downs")  # type: ignore[untyped-decorator]
def follow_shut_downs(host_pk: int) -> None:
    _with_power_seat(lambda: power_work.follow_shut_downs(host_pk))


@shared_task(name="migrations_app.tasks.settle_order")  # type: ignore[untyped-decorator]
def settle_order(order_pk: int) -> None:
    _with_power_seat(lambda: power_work.settle(order_pk))


def _send_orders(now: datetime) -> None:
    begin, follow, ended = power_work.due_orders(now)
    for task, pks in ((carry_out_order, begin), (follow_shut_downs, follow), (settle_order, ended)):
        for pk in pks:
            task.apply_async((pk,), expires=settings.SWEEP_EVERY_S)


def _with_power_seat(work: Callable[[], None]) -> None:
    """Orders wait for hosts: they take few threads of those that jobs leave free, and never the last."""
    if power_seats.acquire(blocking=False):
        try:
            work()
        finally:
            power_seats.release()


@shared_task(name="migrations_app.tasks.forget_old_jobs")  # type: ignore[untyped-decorator]
def forget_old_jobs() -> None:
    history.forget_old_jobs(timezone.now())
    note_pulse("forget-old-jobs")


@shared_task(name="migrations_app.tasks.take_marks_away")  # type: ignore[untyped-decorator]
def take_marks_away(job_pk: int) -> None:
    marks.take_marks_away(job_pk)
