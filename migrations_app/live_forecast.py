"""The forecast of a job while it runs: worked out anew from what is measured in it, until the VM is saved.

The last one before the save stays in the job's row: it is the one to be judged (accuracy.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from hosts.providers.types import VmState
from migrations_app.engine.plan import Plan
from migrations_app.figures import Figure, Origin, Pace
from migrations_app.forecast import Forecast, Span, Task, forecast
from migrations_app.models import JobStep, MigrationJob
from migrations_app.past_moves import LEAST_COPY_BYTES, Past, past

RENEW_EVERY_S = 2.0
FIRST_COPIES = ("copy", "copy-all", "live-move")
ROUND = "copy-delta"
HOLD = "hold"
# How far what was measured in this job may be from what comes: of the link, and of the VM's writing.
RATE_SPREAD = 1.2
WRITE_SPREAD = 1.5


@dataclass(frozen=True, slots=True)
class Latest:
    """What MigrationJob.forecast holds, as of a moment. `pause_at` None: there is none, or a person decides when."""

    as_of: datetime
    left_low_s: float
    left_s: float
    left_high_s: float
    outage_low_s: float
    outage_s: float
    outage_high_s: float
    pause_at: datetime | None
    ends_at: datetime | None
    rate_bytes_per_s: float
    write_rate_bytes_per_s: float
    dominant: str
    reason: str
    shorter: str

    @property
    def outage(self) -> Span:
        return Span(self.outage_low_s, self.outage_s, self.outage_high_s)

    def to_json(self) -> dict[str, Any]:
        return {name: _plain(value) for name, value in asdict(self).items()}


def latest(job: MigrationJob) -> Latest | None:
    """The latest forecast of the job while it ran; None when it has none."""
    raw = job.forecast
    names = {field.name for field in fields(Latest)}
    if not isinstance(raw, dict) or not names <= raw.keys():
        return None
    moments = {name: datetime.fromisoformat(raw[name]) if raw[name] else None for name in ("pause_at", "ends_at")}
    return Latest(**{name: raw[name] for name in names} | moments | {"as_of": datetime.fromisoformat(raw["as_of"])})


def outage_of(job: MigrationJob) -> Span | None:
    """The outage to expect: by the latest forecast, before there is one as it was ordered; None without an outage."""
    plan, now = Plan.from_json(job.plan), latest(job)
    if not plan.was_running or plan.is_live:
        return None
    return now.outage if now else Span(plan.outage_low_s, plan.outage_s, plan.outage_high_s)


class LiveForecast:
    """What a worker's journal writes of the forecast. Earlier moves are asked for once, when first needed."""

    def __init__(self, job: MigrationJob) -> None:
        self._job = job
        self._past: Past | None = None
        self._renewed_at = -RENEW_EVERY_S

    def of_step(self, row: JobStep) -> dict[str, object]:
        """When a step begins; a copy tells more as soon as it reports."""
        return {} if _is_copy(row) and row.key != HOLD else self._fields(row, 0)

    def of_report(self, row: JobStep, rate_bytes_per_s: int) -> dict[str, object]:
        """When a copy reports, which it does often."""
        is_due = time.monotonic() - self._renewed_at >= RENEW_EVERY_S
        return self._fields(row, rate_bytes_per_s) if is_due else {}

    def _fields(self, row: JobStep, rate_bytes_per_s: int) -> dict[str, object]:
        """The column to write; nothing once the VM is saved, or on the way back."""
        job = self._job
        if job.outage_began_at is not None or job.direction == MigrationJob.Direction.UNDO:
            return {}
        self._renewed_at = time.monotonic()
        if self._past is None:
            self._past = past()
        others = job.steps.exclude(pk=row.pk)
        seen = _Seen(job, [*others, row], row, rate_bytes_per_s, timezone.now())
        return {"forecast": renew(seen, self._past).to_json()}


@dataclass(frozen=True, slots=True)
class _Seen:
    """A job at a moment: all its steps, the one that runs, and the rate of its copy as reported (0: none)."""

    job: MigrationJob
    steps: Sequence[JobStep]
    row: JobStep
    rate_bytes_per_s: int
    now: datetime


def renew(seen: _Seen, earlier: Past) -> Latest:
    expected = forecast(_task(seen), _pace(seen, earlier))
    return _latest(seen, expected)


def _task(seen: _Seen) -> Task:
    plan, row, is_live = seen.job.plan, seen.row, _is_live(seen.job)
    is_copied = any(step.key in FIRST_COPIES and step.status == JobStep.Status.DONE for step in seen.steps)
    is_counting = _is_copy(row) and row.bytes_total > 0
    frozen_at = max((at for step in seen.steps if (at := _frozen_at(step))), default=seen.now)
    memory_bytes = int(plan["memory_mb"]) << 20
    return Task(
        disk_bytes=int(plan["disk_bytes"]) + (memory_bytes if is_live else 0),
        memory_bytes=memory_bytes,
        is_running=plan["vm_state"] == VmState.RUNNING and not is_live,
        rounds=_rounds(seen),
        left_bytes=max(0, row.bytes_total - row.bytes_done) if is_counting else 0 if is_copied else None,
        since_s=max(0.0, (seen.now - frozen_at).total_seconds()),
    )


def _is_live(job: MigrationJob) -> bool:
    """Then memory travels with the disks and there is no outage."""
    return bool(job.plan.get("is_live"))


def _rounds(seen: _Seen) -> int:
    """Those that have not begun; a job that holds has all of them at the end."""
    ahead = [step.key for step in seen.steps if step.status in (JobStep.Status.PENDING, JobStep.Status.RUNNING)]
    if HOLD in ahead:
        return int(seen.job.plan.get("max_rounds", 0))
    return sum(step.key.startswith(ROUND) and step.status == JobStep.Status.PENDING for step in seen.steps)


def _pace(seen: _Seen, earlier: Past) -> Pace:
    """That of earlier moves, and instead of it what this job has measured itself."""
    job, plan = seen.job, seen.job.plan
    memory_bytes = int(plan["memory_mb"]) << 20
    pace = earlier.pace(job.source_id, job.target_id, job.vm_uid, memory_bytes, is_live=_is_live(job))
    has_begun = any(step.key in FIRST_COPIES and step.started_at for step in seen.steps)
    elapsed_s = (seen.now - job.started_at).total_seconds() if job.started_at else 0.0
    own = replace(
        pace,
        rate=_own_rate(seen) or pace.rate,
        write_rate=_own_write_rate(seen) or pace.write_rate,
        begin_s=Figure(0, 0, 0, Origin.THIS_JOB) if has_begun else pace.begin_s.plus(*[-elapsed_s] * 3).at_least(0),
    )
    limits = [host.move_limit_bytes_per_s for host in (job.source, job.target) if host is not None]
    return own.limited(int(plan.get("limit_bytes_per_s") or 0), job.limit_bytes_per_s, *limits)


def _own_rate(seen: _Seen) -> Figure | None:
    """Of the copy that runs when it has told enough, otherwise of the first one."""
    if seen.rate_bytes_per_s and seen.row.bytes_done >= LEAST_COPY_BYTES:
        return _around(seen.rate_bytes_per_s, RATE_SPREAD)
    for step in seen.steps:
        is_done = step.key in FIRST_COPIES and step.bytes_done >= LEAST_COPY_BYTES
        if is_done and step.started_at and step.ended_at and step.ended_at > step.started_at:
            return _around(step.bytes_done / (step.ended_at - step.started_at).total_seconds(), RATE_SPREAD)
    return None


def _own_write_rate(seen: _Seen) -> Figure | None:
    """What the rounds found written from the first checkpoint until the last of them began."""
    rounds = [step for step in seen.steps if step.key.startswith(ROUND) and step.bytes_total and step.started_at]
    begun = [step.started_at for step in seen.steps if step.key in FIRST_COPIES and step.started_at]
    if not rounds or not begun:
        return None
    written_s = (max(step.started_at for step in rounds if step.started_at) - begun[0]).total_seconds()
    return _around(sum(step.bytes_total for step in rounds) / written_s, WRITE_SPREAD) if written_s > 0 else None


def _around(value: float, spread: float) -> Figure:
    return Figure(value / spread, value, value * spread, Origin.THIS_JOB)


def _is_copy(step: JobStep) -> bool:
    return step.key in (*FIRST_COPIES, HOLD) or step.key.startswith(ROUND)


def _frozen_at(step: JobStep) -> datetime | None:
    """When the step made a checkpoint; the one that holds keeps the time of its last."""
    if step.key == HOLD and step.result.get("frozen_at"):
        return datetime.fromtimestamp(step.result["frozen_at"], UTC)
    is_made = step.key.startswith("checkpoint") and step.status == JobStep.Status.DONE
    return step.ended_at if is_made else None


def _latest(seen: _Seen, expected: Forecast) -> Latest:
    job, before, total = seen.job, expected.before, expected.total
    waits_for_a_person = job.holds and job.cut_over_from is None and not job.cut_over_ordered
    pause_at = seen.now + timedelta(seconds=before.likely_s)
    if job.cut_over_from is not None and not job.cut_over_ordered:
        pause_at = max(pause_at, job.cut_over_from)
    ends_at = pause_at + timedelta(seconds=total.likely_s - before.likely_s)
    return Latest(
        as_of=seen.now,
        left_low_s=total.low_s,
        left_s=total.likely_s,
        left_high_s=total.high_s,
        outage_low_s=expected.outage.low_s,
        outage_s=expected.outage.likely_s,
        outage_high_s=expected.outage.high_s,
        pause_at=pause_at if expected.task.is_running and not waits_for_a_person else None,
        ends_at=None if waits_for_a_person else ends_at,
        rate_bytes_per_s=expected.pace.rate.likely,
        write_rate_bytes_per_s=expected.pace.write_rate.likely,
        dominant=expected.dominant.value,
        reason=expected.reason,
        shorter=expected.shorter,
    )


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return round(value, 3) if isinstance(value, float) else value
