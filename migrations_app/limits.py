"""How fast a job may copy at this moment: its own limit, and its part of what its two hosts allow all their moves."""

from __future__ import annotations

from django.db.models import Q

from hosts.models import Host
from migrations_app.models import JobStep, MigrationJob

COPIES = "copy"


def limit_now(job_pk: int) -> int:
    """Bytes per second; 0 is none. A host's limit is divided evenly by the jobs that copy from or to it now: what one
    of them leaves unused nobody else gets."""
    job = MigrationJob.objects.select_related("source", "target").get(pk=job_pk)
    limits = [job.limit_bytes_per_s]
    for host in (job.source, job.target):
        if host is not None and host.move_limit_bytes_per_s:
            limits.append(max(1, host.move_limit_bytes_per_s // max(1, _jobs_copying(host))))
    return min((limit for limit in limits if limit), default=0)


def _jobs_copying(host: Host) -> int:
    """A job whose worker died counts: its copies run on."""
    running = JobStep.objects.filter(status=JobStep.Status.RUNNING, key__startswith=COPIES)
    here = Q(job__source=host) | Q(job__target=host)
    return running.filter(here, job__status__in=MigrationJob.OPEN).values("job").distinct().count()
