"""The queue as rows: which jobs are due, which of them may begin now, and what the others are told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q

from hosts.models import Host
from migrations_app.events import add_event
from migrations_app.models import HostSlot, MigrationJob
from migrations_app.queue_order import Place, Turn, Waiting, turns

FOR_A_WORKER = "Waiting for a worker"
IN_THE_QUEUE = " in the queue: "
_NAMED_AT_MOST = 4
_ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")
_VERBS = {"in": "takes in", "out": "sends out"}


def due(now: datetime) -> Q:
    """Jobs that a worker may take up at `now`. A lease that ends later than any lease can was written before the
    clock was set back: nobody holds it. A job that has begun does not wait for its start, whatever the clock says."""
    is_open = Q(status__in=MigrationJob.OPEN)
    impossible = now + timedelta(seconds=2 * settings.LEASE_S)
    is_free = Q(lease_until=None) | Q(lease_until__lt=now) | Q(lease_until__gt=impossible)
    is_time = Q(not_before=None) | Q(not_before__lte=now)
    has_begun = Q(status=MigrationJob.Status.RUNNING) | Q(cancel_requested=True)
    return is_open & is_free & is_time & (Q(start_at=None) | Q(start_at__lte=now) | has_begun)


@dataclass(frozen=True, slots=True)
class Queue:
    """The jobs that wait for places, in their order. `jobs` and `hosts`: what the sentences name, by their keys."""

    turns: Mapping[int, Turn]
    jobs: Mapping[int, MigrationJob]
    hosts: Mapping[int, Host]

    def next_jobs(self) -> Iterator[int]:
        return (pk for pk, turn in self.turns.items() if turn.place is None)

    def phase(self, pk: int) -> str:
        """ "Third in the queue: HV02 takes in 2 moves already (WEB01, DB01)"."""
        turn = self.turns[pk]
        if turn.place is None:
            return FOR_A_WORKER
        return f"{_ordinal(turn.number)}{IN_THE_QUEUE}{self._reason(turn, turn.place)}"[:200]

    def _reason(self, turn: Turn, place: Place) -> str:
        host, verb = self.hosts[place[0]].name, _VERBS[place[1]]
        if turn.kept_for:
            return f"the free place of {host} is kept for {self._names(turn.kept_for)}, which waited longest"
        if not turn.has:
            return f"{host} {verb} no moves, as its limit is 0"
        count = f"{len(turn.has)} move{'s' if len(turn.has) > 1 else ''}"
        return f"{host} {verb} {count} already ({self._names(turn.has)})"

    def _names(self, pks: Sequence[int]) -> str:
        names = [self.jobs[pk].vm_name for pk in pks[:_NAMED_AT_MOST]]
        return ", ".join([*names, "…"] if len(pks) > _NAMED_AT_MOST else names)


def read_queue(now: datetime) -> Queue:
    """Who waits for places at `now`: three queries, however many jobs and hosts there are.

    A job that was cancelled before it began needs none.
    """
    has_places = Exists(HostSlot.objects.filter(job=OuterRef("pk")))
    is_cancelled = Q(status=MigrationJob.Status.QUEUED, cancel_requested=True)
    waiting = list(MigrationJob.objects.filter(due(now), ~has_places).exclude(is_cancelled).defer("plan", "rating"))
    taken: dict[Place, list[int]] = defaultdict(list)
    jobs = {job.pk: job for job in waiting}
    held = HostSlot.objects.filter(job__status__in=MigrationJob.OPEN).select_related("job").order_by("job_id")
    for slot in held.defer("job__plan", "job__rating") if waiting else ():
        taken[slot.host_id, slot.direction].append(slot.job_id)
        jobs[slot.job_id] = slot.job
    pks = {place[0] for job in waiting for place in places_of(job)}
    hosts = Host.objects.only("name", "max_moves_in", "max_moves_out").in_bulk(pks)
    patient_until = now - timedelta(seconds=settings.QUEUE_PATIENCE_S)
    found = turns(map(_waiting, waiting), taken, dict(_limits(hosts.values())), patient_until)
    return Queue(found, jobs, hosts)


def places_of(job: MigrationJob) -> tuple[Place, ...]:
    """What the job takes while it runs; nothing of a host that was removed."""
    ends = ((job.source_id, HostSlot.Direction.OUT.value), (job.target_id, HostSlot.Direction.IN.value))
    return tuple((pk, direction) for pk, direction in ends if pk is not None)


def tell_turns(queue: Queue, pks: Iterable[int] | None = None) -> None:
    """Write into the rows of those that wait what they wait for, where it has changed; the log has the first reason."""
    for pk in queue.turns if pks is None else pks:
        before, phase = queue.jobs[pk].phase, queue.phase(pk)
        if before == phase:
            continue
        rows = MigrationJob.objects.filter(pk=pk, status=MigrationJob.Status.QUEUED, phase=before)
        if rows.update(phase=phase, version=F("version") + 1) and IN_THE_QUEUE in phase and IN_THE_QUEUE not in before:
            add_event(pk, f"{phase}.")


def waits_since(job: MigrationJob) -> datetime:
    """When it was ordered or tried again, or when its start time came, whichever was last."""
    return max(at for at in (job.created_at, job.start_at, job.started_at) if at is not None)


def _waiting(job: MigrationJob) -> Waiting:
    return Waiting(job.pk, job.priority, waits_since(job), places_of(job))


def _limits(hosts: Iterable[Host]) -> Iterator[tuple[Place, int]]:
    for host in hosts:
        yield (host.pk, HostSlot.Direction.IN.value), host.max_moves_in
        yield (host.pk, HostSlot.Direction.OUT.value), host.max_moves_out


def _ordinal(number: int) -> str:
    return _ORDINALS[number - 1] if number <= len(_ORDINALS) else f"Number {number}"
