"""The outage as it was forecast beside the outage as it is measured, on one scale."""

from __future__ import annotations

from dataclasses import dataclass

from migrations_app.engine.plan import Plan
from migrations_app.models import MigrationJob

HEADROOM = 1.25


@dataclass(frozen=True, slots=True)
class Availability:
    """Seconds, and where they stand on a scale in percent. `measured_s` is None before the outage begins."""

    low_s: float
    high_s: float
    measured_s: float | None
    has_ended: bool
    low_percent: float
    band_percent: float
    measured_percent: float
    is_longer: bool


def availability(job: MigrationJob) -> Availability | None:
    """None for a VM that did not run: it has no outage."""
    plan = Plan.from_json(job.plan)
    if not plan.was_running:
        return None
    measured = max(0.0, job.outage.total_seconds()) if job.outage is not None else None
    scale = max(plan.outage_high_s, measured or 0.0, 1.0) * HEADROOM
    return Availability(
        low_s=plan.outage_low_s,
        high_s=plan.outage_high_s,
        measured_s=measured,
        has_ended=job.outage_ended_at is not None,
        low_percent=round(100 * plan.outage_low_s / scale, 1),
        band_percent=round(100 * (plan.outage_high_s - plan.outage_low_s) / scale, 1),
        measured_percent=round(100 * (measured or 0.0) / scale, 1),
        is_longer=measured is not None and measured > plan.outage_high_s,
    )
