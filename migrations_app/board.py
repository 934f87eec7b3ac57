"""What lists and the jobs strip show of jobs, in few queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import Max, QuerySet
from django.utils import timezone

from hosts.access import EVERYWHERE, Rights
from migrations_app.models import MigrationJob
from migrations_app.people import jobs_seen_with
from migrations_app.words import describe

STRIP_JOBS = 6
FAILED_WITHIN = timedelta(hours=24)
NEWS_FOR = timedelta(minutes=1)
MOST_NEWS = 20

Status = MigrationJob.Status


@dataclass(frozen=True, slots=True)
class News:
    """What a browser may notify its user of, once: a job has begun its outage, or has ended. `key` tells news apart."""

    key: str
    job: MigrationJob
    text: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The strip at the bottom: running jobs (the first few), how many more, how many wait for a place (which of them
    is next), how many for their time, how many failed of late."""

    running: list[MigrationJob]
    more: int
    waiting: int
    first_waiting: MigrationJob | None
    scheduled: int
    failed: int
    news: list[News]


def strip(rights: Rights = EVERYWHERE) -> Strip:
    jobs = jobs_seen_with(rights).defer("plan", "rating", "vm_before", "vm_after")
    still_open = list(jobs.filter(status__in=MigrationJob.OPEN).order_by("-priority", "id"))
    now = timezone.now()
    running = sorted((job for job in still_open if job.status == Status.RUNNING), key=lambda job: job.pk)
    queued = [job for job in still_open if job.status == Status.QUEUED]
    waiting = [job for job in queued if job.start_at is None or job.start_at <= now]
    since = now - FAILED_WITHIN
    return Strip(
        running=running[:STRIP_JOBS],
        more=max(0, len(running) - STRIP_JOBS),
        waiting=len(waiting),
        first_waiting=waiting[0] if waiting else None,
        scheduled=len(queued) - len(waiting),
        failed=jobs.filter(status=Status.FAILED, ended_at__gte=since).count(),
        news=_news([*(job for job in running if job.is_in_outage), *_lately_ended(jobs, now)]),
    )


def latest_jobs(vm_pks: Iterable[int]) -> dict[int, MigrationJob]:
    """The latest job of each of these VMs that ever had one."""
    latest = MigrationJob.objects.filter(vm_id__in=list(vm_pks)).values("vm_id").annotate(job=Max("id"))
    jobs = MigrationJob.objects.filter(pk__in=[row["job"] for row in latest]).select_related("created_by")
    return {job.vm_id: job for job in jobs if job.vm_id is not None}


def _lately_ended(jobs: QuerySet[MigrationJob], now: datetime) -> QuerySet[MigrationJob]:
    return jobs.filter(ended_at__gte=now - NEWS_FOR).exclude(status__in=MigrationJob.OPEN).order_by("-ended_at")


def _news(jobs: Iterable[MigrationJob]) -> list[News]:
    return [_news_of(job) for job in islice(jobs, MOST_NEWS)]


def _news_of(job: MigrationJob) -> News:
    """A job that is tried again has news again: its times are others."""
    what, at = ("outage", job.outage_began_at) if job.is_open else (job.status, job.ended_at)
    assert at is not None
    return News(f"{job.pk}-{what}-{at.timestamp():.0f}", job, describe(job).text)
