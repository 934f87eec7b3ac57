"""What Celery carries: "advance job N", and the sweep that sends it again when it was lost."""

from __future__ import annotations

import os
import socket
import threading

from celery import shared_task
from django.utils import timezone

from migrations_app.engine.runner import run_job
from migrations_app.leases import due
from migrations_app.models import MigrationJob


@shared_task(name="migrations_app.tasks.advance")  # type: ignore[untyped-decorator]
def advance(job_pk: int) -> None:
    run_job(job_pk, f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}")


@shared_task(name="migrations_app.tasks.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Send every job that is due: queued, waiting for its time, or left by a worker that died."""
    for pk in MigrationJob.objects.filter(due(timezone.now())).values_list("pk", flat=True):
        advance.apply_async((pk,), expires=60)
