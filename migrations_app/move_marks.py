"""The moves of a host as marks on its charts: what came, what went, and when the host had it or had it no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from hosts.charts import Window
from hosts.models import Host
from migrations_app.models import MigrationJob

MOST = 60


@dataclass(frozen=True, slots=True)
class Mark:
    """A completed move. `part`: where in the window it is, 0 to 1; `x`: the same in percent, for SVG."""

    job: MigrationJob
    at: datetime
    part: float
    is_arrival: bool

    @property
    def x(self) -> str:
        return f"{100 * self.part:.2f}%"


def marks_on(host: Host, window: Window) -> Sequence[Mark]:
    """The latest moves to or from the host that ended inside the window, oldest first; one query."""
    of_host = Q(source=host) | Q(target=host)
    jobs = MigrationJob.objects.filter(of_host, status=MigrationJob.Status.DONE, ended_at__gte=window.begin)
    latest = jobs.order_by("-ended_at").defer("plan")[:MOST]
    return [_mark(job, host, window) for job in reversed(latest) if job.ended_at is not None]


def _mark(job: MigrationJob, host: Host, window: Window) -> Mark:
    """At the end of the outage, when the target had the VM; at the job's end for a VM that did not run."""
    at = job.outage_ended_at or job.ended_at
    assert at is not None
    return Mark(job, at, min(1.0, max(0.0, window.part(at))), job.target_id == host.pk)
