"""How far a plan of several moves is: from its rows, in the same few queries however many moves it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from hosts.models import Host
from migrations_app.engine.plan import Plan
from migrations_app.models import BatchEntry, MigrationJob, MoveBatch

Status = MigrationJob.Status
PLANNED, NOT_ORDERED, STAYS = "planned", "not-ordered", "stays"
_NAMED = 3
_WORDS = {
    Status.RUNNING: "under way",
    Status.QUEUED: "waiting",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
    NOT_ORDERED: "not ordered",
    STAYS: "not moved",
}


@dataclass(frozen=True)
class Line:
    """A VM of the plan. `state`: planned, not-ordered, stays, or the status of its job."""

    entry: BatchEntry
    state: str

    @cached_property
    def plan(self) -> Plan | None:
        return Plan.from_json(self.entry.plan) if self.entry.plan else None

    @property
    def reason(self) -> str:
        """Why it did not move, or cannot."""
        job = self.entry.job
        return job.failure_text if job is not None and self.state == Status.FAILED else self.entry.reason


@dataclass(frozen=True)
class Progress:
    """A plan with its lines. What is counted as to be moved: everything that is in the plan."""

    batch: MoveBatch
    lines: Sequence[Line]

    @cached_property
    def counts(self) -> Mapping[str, int]:
        return Counter(line.state for line in self.lines)

    @property
    def moves(self) -> list[Line]:
        return [line for line in self.lines if line.state != STAYS]

    @property
    def staying(self) -> list[Line]:
        """Those that have no job, because they cannot move, were refused, or were left out."""
        return [line for line in self.lines if line.state == STAYS]

    @property
    def troubled(self) -> list[Line]:
        """Those that stay, and those whose move has failed."""
        return [line for line in self.lines if line.state in (STAYS, Status.FAILED)]

    @property
    def moved(self) -> int:
        return self.counts[Status.DONE]

    @property
    def waiting(self) -> int:
        return self.counts[Status.QUEUED]

    @property
    def not_ordered(self) -> int:
        """What an interruption left over."""
        return self.counts[NOT_ORDERED]

    @property
    def is_over(self) -> bool:
        """Nothing of an approved plan moves any more."""
        return not (self.counts[Status.RUNNING] or self.waiting)

    @property
    def is_complete(self) -> bool:
        return self.moved == len(self.lines)

    @property
    def names(self) -> str:
        """ "WEB01, DB01 and 7 more"."""
        names = [line.entry.vm_name for line in self.lines]
        more = len(names) - _NAMED
        return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")

    @property
    def disk_bytes(self) -> int:
        return sum(line.plan.disk_bytes for line in self.moves if line.plan)

    @property
    def longest_outage_s(self) -> float:
        """The worst that is forecast for one of the moves, in seconds."""
        return max((line.plan.outage_high_s for line in self.moves if line.plan and line.plan.was_running), default=0.0)

    @property
    def sentence(self) -> str:
        """ "7 of 9 moved; 1 under way, 1 not moved."."""
        rest = ", ".join(f"{self.counts[key]} {words}" for key, words in _WORDS.items() if self.counts[key])
        return f"{self.moved} of {len(self.lines)} moved{f'; {rest}' if rest else ''}."


def progress_of(batch: MoveBatch) -> Progress:
    """Two queries: the entries with what they name, and the jobs."""
    return Progress(batch, _lines(batch, batch.entries.select_related("vm__host", "target")))


def progress_of_many(batches: Sequence[MoveBatch]) -> list[Progress]:
    """The same two queries for a page of plans."""
    entries: dict[int, list[BatchEntry]] = {batch.pk: [] for batch in batches}
    for entry in BatchEntry.objects.filter(batch__in=entries).defer("plan", "warnings"):
        entries[entry.batch_id].append(entry)
    jobs = _jobs(entry for found in entries.values() for entry in found)
    return [Progress(batch, [_line(batch, entry, jobs) for entry in entries[batch.pk]]) for batch in batches]


def evacuation_of(host: Host) -> Progress | None:
    """How far the host is emptied; None when it is not in maintenance mode, or nothing was planned for it."""
    if not host.is_in_maintenance:
        return None
    batch = MoveBatch.objects.filter(host=host, kind=MoveBatch.Kind.EVACUATE).exclude(approved_at=None).first()
    return progress_of(batch) if batch else None


def _lines(batch: MoveBatch, entries: Iterable[BatchEntry]) -> list[Line]:
    found = list(entries)
    jobs = _jobs(found)
    return [_line(batch, entry, jobs) for entry in found]


def _jobs(entries: Iterable[BatchEntry]) -> Mapping[int, MigrationJob]:
    pks = [entry.job_id for entry in entries if entry.job_id is not None]
    return {job.pk: job for job in MigrationJob.objects.filter(pk__in=pks).defer("plan", "rating")}


def _line(batch: MoveBatch, entry: BatchEntry, jobs: Mapping[int, MigrationJob]) -> Line:
    entry.job = jobs.get(entry.job_id) if entry.job_id is not None else None
    if entry.job is not None:
        return Line(entry, entry.job.status)
    if entry.reason:
        return Line(entry, STAYS)
    return Line(entry, PLANNED if batch.is_draft else NOT_ORDERED)
