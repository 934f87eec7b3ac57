"""A small estate that gives every page something to show: moves that wait, run, stand still and failed, and a plan."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from hosts.models import Host
from migrations_app.models import MigrationJob, RateCurve
from tests.hosts.fleet import group, host, hours
from tests.journeys.rows import moved_vm
from tests.migrations_app.past_jobs import latest_forecast, past_job

MB = 1 << 20
COURSES: dict[str, dict[str, Any]] = {
    "WEB02": {"status": "queued", "phase": "Waiting: HV02 takes in 2 moves at a time", "outage_began_at": None},
    "WEB03": {"status": "running", "percent": 40, "rate_bytes_per_s": 50 * MB, "outage_began_at": None},
    "WEB04": {"status": "running", "percent": 90, "phase": "Copying the saved state"},
    "WEB05": {"status": "failed", "failure_text": "HV02: the volume D: is full.", "failure_action": "Free space."},
}


def estate() -> MigrationJob:
    """The job that has ended; beside it one of each course, and hosts with a load, one of them silent."""
    done = moved_vm()
    source, target = Host.objects.get(name="HV01"), Host.objects.get(name="HV02")
    for busy in (source, target):
        hours(busy, 10, 40, 30)
    host("HV03", group=group("Edge"), state="not-responding", state_reason="HV03 does not answer at hv03:5985.")
    for vm, course in COURSES.items():
        is_over = course["status"] == "failed"
        ends: dict[str, Any] = {} if is_over else {"ended_at": None, "outage_ended_at": None}
        forecast = latest_forecast(timezone.now())
        job = past_job(source, target, vm_name=vm, vm_uid=f"id-{vm}", forecast=forecast, **(ends | course))
        _curve(job, timezone.now())
    assert done.ended_at is not None
    _curve(done, done.ended_at)
    return done


def _curve(job: MigrationJob, end: datetime) -> None:
    """50 MB/s in the first half of eight minutes, then slower and slower."""
    points, copied = [], 0
    for number in range(48):
        points.append(((end - timedelta(seconds=480 - 10 * number)).timestamp(), copied))
        copied += 10 * max(0, 50 - 2 * max(0, number - 24)) * MB
    RateCurve.objects.create(job=job, every_s=10, points=points)
