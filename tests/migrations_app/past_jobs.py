"""Completed moves as rows, with what their steps measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from hosts.inventory import root_group
from hosts.models import Host
from hosts.providers.types import Secret, VmState
from migrations_app.engine.plan import Plan
from migrations_app.live_forecast import Latest
from migrations_app.models import JobStep, MigrationJob

MB = 1_000_000


@dataclass(frozen=True)
class Course:
    """What a move measures; times in seconds, bytes in millions. `round_s` is the whole round, with its copy."""

    begin_s: float = 4
    copied_mb: float = 10_000
    copy_s: float = 100
    round_mb: float = 105
    round_s: float = 3
    rest_mb: float = 1_000
    outage_s: float = 18
    end_s: float = 6


def host(name: str) -> Host:
    found = Host.objects.filter(name=name).first()
    return found or Host.objects.create(name=name, group=root_group(), address=name, kind="fake", password=Secret("x"))


def past_job(source: Host, target: Host, course: Course | None = None, **fields: Any) -> MigrationJob:
    """It ended a minute ago; `fields` of the job, of its plan as `plan_<name>`."""
    told = course or Course()
    end = timezone.now() - timedelta(minutes=1)
    own = {name: fields.pop(name) for name in list(fields) if name.startswith("plan_")}
    plan = _plan(source, target) | {name.removeprefix("plan_"): value for name, value in own.items()}
    resumed = end - timedelta(seconds=told.end_s)
    saved = resumed - timedelta(seconds=told.outage_s)
    copied = saved - timedelta(seconds=told.round_s)
    copying = copied - timedelta(seconds=told.copy_s)
    known = {
        "vm_uid": "id-WEB01",
        "vm_name": "WEB01",
        "status": "done",
        "started_at": copying - timedelta(seconds=told.begin_s),
        "ended_at": end,
        "outage_began_at": saved,
        "outage_ended_at": resumed,
    }
    names = {"source_name": source.name, "target_name": target.name}
    job = MigrationJob.objects.create(source=source, target=target, plan=plan, **names, **known | fields)
    _step(job, "copy", told.copied_mb, copying, copied)
    _step(job, "copy-delta", told.round_mb, copied, saved)
    _step(job, "copy-rest", told.rest_mb, saved, resumed)
    return job


def past_live_job(source: Host, target: Host, sent_mb: float, sent_s: float) -> MigrationJob:
    """As past_job, of a move while the VM ran: one step sent disks and memory."""
    job = past_job(source, target, Course(copied_mb=sent_mb, copy_s=sent_s), plan_is_live=True)
    job.steps.exclude(key="copy").delete()
    job.steps.update(key="live-move")
    job.outage_began_at = job.outage_ended_at = None
    job.save()
    return job


def _plan(source: Host, target: Host) -> dict[str, Any]:
    """An outage of 10 to 20 s, likely 15; 90 to 180 s in all, likely 120."""
    return Plan(
        vm_uid="id-WEB01",
        vm_name="WEB01",
        vm_state=VmState.RUNNING,
        fingerprint="",
        source_name=source.name,
        target_name=target.name,
        source_folder="D:\\VMs\\WEB01",
        folder="D:\\VMs\\WEB01",
        disks=(),
        adapters=(),
        memory_mb=1024,
        disk_bytes=10_000 * MB,
        total_low_s=90.0,
        total_high_s=180.0,
        outage_low_s=10.0,
        outage_high_s=20.0,
        deadline_s=60.0,
        total_s=120.0,
        outage_s=15.0,
    ).to_json()


def latest_forecast(at: datetime, **fields: Any) -> dict[str, Any]:
    """What a job's column holds: ten minutes are left, the pause is in five."""
    told: dict[str, Any] = {"outage_low_s": 12.0, "outage_s": 16.0, "outage_high_s": 21.0, **fields}
    known = Latest(
        as_of=at,
        left_low_s=500.0,
        left_s=600.0,
        left_high_s=700.0,
        pause_at=at + timedelta(minutes=5),
        ends_at=at + timedelta(minutes=10),
        rate_bytes_per_s=1e8,
        write_rate_bytes_per_s=1e6,
        dominant="Memory",
        reason="Most of the outage is sending 1 GB of memory at 95 MB/s; the rate is measured in this job.",
        shorter="A faster link or less memory would make it shorter.",
        **told,
    )
    return known.to_json()


def _step(job: MigrationJob, key: str, copied_mb: float, begin: Any, end: Any) -> None:
    JobStep.objects.create(
        job=job,
        position=job.steps.count(),
        key=key,
        status=JobStep.Status.DONE,
        started_at=begin,
        ended_at=end,
        bytes_done=int(copied_mb * MB),
        bytes_total=int(copied_mb * MB),
    )
