"""How a worker shows its lease to the hosts: they let nothing through that was ordered before what it orders."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from hosts.providers.base import QuickMigrates
from hosts.providers.claims import Claim
from migrations_app.leases import Lease
from migrations_app.models import MigrationJob


def claim_hosts(job: MigrationJob, lease: Lease, hosts: Iterable[QuickMigrates]) -> None:
    """One claim for all of them. `job` is the worker's own row, which it keeps up to date."""
    claim = Claim(f"{job.pk}-{int(job.created_at.timestamp())}", lease.fence, lambda: _left_s(job))
    for host in hosts:
        host.claim(claim)


def _left_s(job: MigrationJob) -> float | None:
    """Until the outage's deadline. What brings the VM back is not hurried: the way back has no deadline."""
    if job.resume_by is None or job.direction == MigrationJob.Direction.UNDO:
        return None
    return (job.resume_by - timezone.now()).total_seconds()
