"""How fast earlier moves were: what a forecast goes by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from hosts.models import Host
from migrations_app.models import JobStep, MigrationJob

PAST_MOVES = 10
_PAST_STEPS = 2000


def past_rates(source: Host) -> dict[int, Sequence[float]]:
    """Bytes per second of the copying steps of the last moves from the host, by the target's key; latest first."""
    of_source = JobStep.objects.filter(job__source=source, job__status=MigrationJob.Status.DONE)
    copies = of_source.filter(key__in=("copy", "copy-all"), bytes_done__gt=0).order_by("-job_id")
    fields = ("job__target_id", "started_at", "ended_at", "bytes_done")
    rates: dict[int, list[float]] = defaultdict(list)
    for target_id, begun, ended, done in copies.values_list(*fields)[:_PAST_STEPS]:
        seconds = (ended - begun).total_seconds() if begun and ended else 0.0
        if seconds > 0 and len(rates[target_id]) < PAST_MOVES:
            rates[target_id].append(done / seconds)
    return dict(rates)
