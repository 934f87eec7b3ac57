"""Why a job failed, taken apart for its page: which step, on which host, and the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass

from migrations_app.models import JobStep, MigrationJob

_STEP = re.compile(r"^Step ([\d.]+) failed: ")


@dataclass(frozen=True, slots=True)
class Failure:
    """`step`: None when none had begun. `host`: the name of the host that said it, "" for neither."""

    step: JobStep | None
    host: str
    why: str


def failure_of(job: MigrationJob) -> Failure | None:
    """By the job's row and its log: a step that was undone does not show any more that it had failed."""
    if not job.failure_text:
        return None
    names = (job.source_name, job.target_name)
    host = next((name for name in names if job.failure_text.startswith(f"{name}: ")), "")
    why = job.failure_text.removeprefix(f"{host}: ") if host else job.failure_text
    return Failure(_step(job), host, why)


def _step(job: MigrationJob) -> JobStep | None:
    said = job.events.filter(is_failure=True, text__startswith="Step ", text__endswith=job.failure_text).last()
    number = _STEP.match(said.text) if said else None
    return job.steps.filter(number=number[1]).first() if number else None
