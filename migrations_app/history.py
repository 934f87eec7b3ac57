"""How long jobs that have ended are remembered."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from hosts.models import VirtualMachine
from migrations_app.models import MigrationJob, MoveBatch

AT_A_TIME = 200


def forget_old_jobs(now: datetime) -> int:
    """Delete jobs that ended longer ago than the setting says, with their steps and logs; returns how many.

    A job stays as long as its VM says that it failed: it is what a person repairs. At most AT_A_TIME go at once, so
    that no other writer waits for long; the next time takes the rest. A plan of moves goes with its last job.
    """
    if settings.HISTORY_KEEP_D <= 0:
        return 0
    before = now - timedelta(days=settings.HISTORY_KEEP_D)
    is_needed = Q(status=MigrationJob.Status.FAILED, vm__activity=VirtualMachine.Activity.MIGRATION_FAILED)
    ended = MigrationJob.objects.filter(ended_at__lt=before).exclude(status__in=MigrationJob.OPEN).exclude(is_needed)
    pks = list(ended.order_by("pk").values_list("pk", flat=True)[:AT_A_TIME])
    MigrationJob.objects.filter(pk__in=pks).delete()
    has_jobs = MigrationJob.objects.filter(batch_entry__batch=OuterRef("pk"))
    MoveBatch.objects.filter(~Exists(has_jobs), created_at__lt=before).delete()
    return len(pks)
