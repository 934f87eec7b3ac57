"""How long jobs that have ended are remembered, and what the next run of the schedule forgets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from hosts.models import Retention, VirtualMachine
from hosts.retention import retention
from hosts.rollup import old_averages, old_samples
from migrations_app.models import MigrationJob, MoveBatch

AT_A_TIME = 200
COUNTED_AT_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows go because they are too old, of each kind; what is past COUNTED_AT_MOST is not counted."""

    jobs: int
    samples: int
    averages: int

    def is_more_than(self, other: Forgotten) -> bool:
        return self.jobs > other.jobs or self.samples > other.samples or self.averages > other.averages


def forgotten_with(kept: Retention, now: datetime) -> Forgotten:
    """What goes, from the next run on, if things are kept so long."""
    return Forgotten(
        jobs=_count([old_jobs(kept, now)]),
        samples=_count(old_samples(kept, now)),
        averages=_count(old_averages(kept, now)),
    )


def old_jobs(kept: Retention, now: datetime) -> QuerySet[MigrationJob]:
    """Those past their time. A job stays as long as its VM says that it failed: it is what a person repairs."""
    before = _before(kept, now)
    if before is None:
        return MigrationJob.objects.none()
    is_needed = Q(status=MigrationJob.Status.FAILED, vm__activity=VirtualMachine.Activity.MIGRATION_FAILED)
    return MigrationJob.objects.filter(ended_at__lt=before).exclude(status__in=MigrationJob.OPEN).exclude(is_needed)


def forget_old_jobs(now: datetime) -> int:
    """Delete jobs that ended longer ago than they are kept, with their steps and logs; returns how many.

    At most AT_A_TIME go at once, so that no other writer waits for long; the next time takes the rest. A plan of moves
    goes with its last job.
    """
    kept = retention()
    pks = list(old_jobs(kept, now).order_by("pk").values_list("pk", flat=True)[:AT_A_TIME])
    MigrationJob.objects.filter(pk__in=pks).delete()
    has_jobs = MigrationJob.objects.filter(batch_entry__batch=OuterRef("pk"))
    if before := _before(kept, now):
        MoveBatch.objects.filter(~Exists(has_jobs), created_at__lt=before).delete()
    return len(pks)


def _before(kept: Retention, now: datetime) -> datetime | None:
    """What ended before this is too old; None: nothing ever is."""
    return now - timedelta(days=kept.jobs_keep_d) if kept.jobs_keep_d > 0 else None


def _count(kinds: Iterable[QuerySet[Any]]) -> int:
    return sum(old.order_by()[:COUNTED_AT_MOST].count() for old in kinds)
