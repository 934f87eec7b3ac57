"""The fragments of HTML that websockets send: each has an id, and is also what its page includes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone

from hosts.access import EVERYWHERE, Rights
from migrations_app.accuracy import job_accuracy
from migrations_app.availability import availability
from migrations_app.board import strip
from migrations_app.engine.plan import Plan
from migrations_app.engine.steps.hold import Hold
from migrations_app.failures import failure_of
from migrations_app.holds import why_not_change_window, why_not_cut_over
from migrations_app.jobs import why_not_cancel, why_not_retry
from migrations_app.live_forecast import latest
from migrations_app.models import JobEvent, JobStep, MigrationJob
from migrations_app.people import jobs_seen_with
from migrations_app.power_frames import forgotten_cells, power_cells, power_versions
from migrations_app.rate_chart import rate_chart
from migrations_app.repairs import why_not_repair
from migrations_app.words import describe

RECENTLY_ENDED = 30

JOB_PARTS = ("head", "sentence", "picture", "failure", "steps", "availability", "rate", "forecast", "actions")
ROW_PARTS = ("state", "phase", "started", "ended", "outage")
VM_PARTS = ("status", "state", "job", "host")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a topic shows at one moment. `parts`: fragment by id. `events[n - 1]` is the line of event number n.

    `versions`: of each job and of each VM with an order that `parts` were rendered from.
    """

    versions: Mapping[int | str, int | str]
    parts: Mapping[str, str]
    events: tuple[str, ...] = ()


def job_context(job: MigrationJob, why_not_act: str = "") -> dict[str, Any]:
    """What the job page and its fragments show. `why_not_act`: why the person who looks may change no job."""
    return {
        "job": job,
        "why_not_act": why_not_act,
        "plan": Plan.from_json(job.plan),
        "words": describe(job),
        "failure": failure_of(job),
        "steps": [_step_line(step, job) for step in job.steps.all()],
        "availability": availability(job),
        "rate": rate_chart(job),
        "latest": latest(job),
        "accuracy": job_accuracy(job),
        "why_not_cancel": why_not_act or why_not_cancel(job),
        "why_not_retry": why_not_act or why_not_retry(job),
        "why_not_repair": why_not_act or why_not_repair(job),
        "why_not_cut_over": why_not_act or why_not_cut_over(job),
        "why_not_change_window": why_not_act or why_not_change_window(job),
    }


def event_lines(job_pk: int, after: int = 0) -> tuple[str, ...]:
    """The lines of the log past event number `after`, rendered."""
    events = JobEvent.objects.filter(job_id=job_pk, number__gt=after).order_by("number")
    return tuple(render_to_string("migrations_app/_event.html", {"event": event}) for event in events)


def job_snapshot(job_pk: int, before: Snapshot | None) -> Snapshot | None:
    """The job page as it is now; `before` itself when nothing changed; None when the job is gone."""
    version = MigrationJob.objects.filter(pk=job_pk).values_list("version", flat=True).first()
    if version is None:
        return None
    if before is not None and before.versions == {job_pk: version}:
        return before
    job = MigrationJob.objects.select_related("vm", "source", "target", "created_by").get(pk=job_pk)
    context = job_context(job)
    parts = {f"job-{name}": render_to_string(f"migrations_app/_job_{name}.html", context) for name in JOB_PARTS}
    known = before.events if before is not None else ()
    return Snapshot({job_pk: job.version}, parts, known + event_lines(job_pk, len(known)))


def list_snapshot(before: Snapshot | None, rights: Rights = EVERYWHERE) -> Snapshot:
    """The cells of open and lately ended jobs and of their VMs, and the strip; rendered anew only where changed."""
    versions = _versions(rights) | power_versions(rights)
    if before is not None and before.versions == versions:
        return before
    known = before.versions if before is not None else {}
    changed = [pk for pk, version in versions.items() if known.get(pk) != version]
    parts = dict(before.parts) if before is not None else {}
    jobs = [key for key in changed if isinstance(key, int)]
    for job in MigrationJob.objects.filter(pk__in=jobs).select_related("vm__host", "created_by"):
        parts |= _cells(job)
    parts |= power_cells(changed)
    for name in forgotten_cells(known.keys() - versions.keys()):
        parts.pop(name, None)
    parts["jobs-strip"] = render_to_string("migrations_app/_strip.html", {"strip": strip(rights)})
    return Snapshot(versions, parts)


def chosen(parts: Mapping[str, str], prefixes: Iterable[str]) -> dict[str, str]:
    starts = tuple(prefixes)
    return {key: html for key, html in parts.items() if key.startswith(starts)}


def _versions(rights: Rights) -> dict[int | str, int | str]:
    jobs = jobs_seen_with(rights).values_list("pk", "version")
    ended = jobs.exclude(ended_at=None).order_by("-ended_at")[:RECENTLY_ENDED]
    return {**dict(jobs.filter(status__in=MigrationJob.OPEN)), **dict(ended)}


def _cells(job: MigrationJob) -> dict[str, str]:
    """The cells of the job's row and of its VM's row. A VM's cells are those of its latest job."""
    cells = {f"job-{job.pk}-{name}": _render(f"_cell_{name}", job) for name in ROW_PARTS}
    if job.vm is not None and not job.vm.jobs.filter(pk__gt=job.pk).exists():
        cells |= {f"vm-{job.vm.pk}-{name}": _render(f"_vm_{name}", job) for name in VM_PARTS}
    return cells


def _render(name: str, job: MigrationJob) -> str:
    return render_to_string(f"migrations_app/{name}.html", {"job": job, "vm": job.vm})


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step with what is computed of it: seconds it took so far, bytes per second."""

    step: JobStep
    seconds: float | None
    rate_bytes_per_s: float

    @property
    def is_holding(self) -> bool:
        """It waits for the cut-over, and nothing is copied just now."""
        step = self.step
        is_under_way = step.key == Hold.key and step.status == JobStep.Status.RUNNING
        return is_under_way and step.bytes_done == step.bytes_total


def _step_line(step: JobStep, job: MigrationJob) -> StepLine:
    if step.started_at is None:
        return StepLine(step, None, 0)
    seconds = ((step.ended_at or timezone.now()) - step.started_at).total_seconds()
    if step.status == JobStep.Status.RUNNING:
        return StepLine(step, seconds, job.rate_bytes_per_s if step.bytes_done else 0)
    return StepLine(step, seconds, step.bytes_done / seconds if seconds > 0 else 0)
