"""Earlier moves as figures: what the steps of completed jobs measured, by the hosts they went between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.fields.json import KT

from migrations_app.figures import ASSUMED_RATE, LATEST, Figure, Origin, Pace, assumed_pace, measured
from migrations_app.models import JobEvent, JobStep, MigrationJob

MOST_MOVES = 400
# A smaller copy tells how long a step takes, not how fast the link is.
LEAST_COPY_BYTES = 16 << 20
_LIVE = Q(key="live-move")
_FIRST_COPY = Q(key__in=("copy", "copy-all")) | _LIVE
_ROUNDS = Q(key__startswith="copy-delta", status=JobStep.Status.DONE)
_REST = Q(key="copy-rest")
_OF_JOB = (
    "source_id",
    "target_id",
    "vm_uid",
    "memory_mb",
    "planned_limit",
    "limit_bytes_per_s",
    "holds",
    "had_failure",
    "started_at",
    "ended_at",
    "outage_began_at",
    "outage_ended_at",
)


@dataclass(frozen=True, slots=True)
class PastMove:
    """What one move tells; None where it tells nothing. Rates in bytes per second, times in seconds; see Pace. The
    hypervisors send in another way than Ferry copies: `is_live`."""

    source_id: int | None
    target_id: int | None
    vm_uid: str
    memory_bytes: int
    is_live: bool = False
    rate: float | None = None
    write_rate: float | None = None
    standstill_s: float | None = None
    begin_s: float | None = None
    round_s: float | None = None
    end_s: float | None = None


Telling = Callable[[PastMove], float | None]


class Past:
    """The latest completed moves, latest first, and the pace that they let expect."""

    def __init__(self, moves: Iterable[PastMove]) -> None:
        self._pairs: dict[tuple[bool, int | None, int | None], list[PastMove]] = defaultdict(list)
        self._hosts: dict[tuple[bool, str, int | None], list[PastMove]] = defaultdict(list)
        self._vms: dict[str, list[PastMove]] = defaultdict(list)
        self._anywhere: dict[bool, list[PastMove]] = defaultdict(list)
        for move in moves:
            self._pairs[move.is_live, move.source_id, move.target_id].append(move)
            self._hosts[move.is_live, "from", move.source_id].append(move)
            self._hosts[move.is_live, "to", move.target_id].append(move)
            self._vms[move.vm_uid].append(move)
            self._anywhere[move.is_live].append(move)

    def pace(
        self, source_id: int | None, target_id: int | None, vm_uid: str, memory_bytes: int, *, is_live: bool = False
    ) -> Pace:
        """For a move of this VM between these hosts. Without a target: from the source to anywhere. Moves of the other
        way, live or not, count where there is none of this one."""
        assumed = assumed_pace(memory_bytes)
        ranked = self._ranked(source_id, target_id, is_live)
        return replace(
            assumed,
            rate=_expect(ranked, lambda move: move.rate) or assumed.rate,
            write_rate=_expect([(Origin.OF_THE_VM, self._vms.get(vm_uid, []))], lambda move: move.write_rate)
            or assumed.write_rate,
            standstill_s=_standstill(ranked, memory_bytes) or assumed.standstill_s,
            begin_s=_expect(ranked, lambda move: move.begin_s) or assumed.begin_s,
            round_s=_expect(ranked, lambda move: move.round_s) or assumed.round_s,
            end_s=_expect(ranked, lambda move: move.end_s) or assumed.end_s,
        )

    def _ranked(
        self, source_id: int | None, target_id: int | None, is_live: bool
    ) -> list[tuple[Origin, Sequence[PastMove]]]:
        """The moves that tell something: those of this way first, of each way the nearest kind."""
        ranked: list[tuple[Origin, Sequence[PastMove]]] = []
        for way in (is_live, not is_live):
            of_one = self._hosts.get((way, "from", source_id), []) + self._hosts.get((way, "to", target_id), [])
            ranked += [
                (Origin.BETWEEN, self._pairs.get((way, source_id, target_id), [])),
                (Origin.OF_ONE, of_one),
                (Origin.ELSEWHERE, self._anywhere.get(way, [])),
            ]
        return ranked


def past() -> Past:
    """By two queries, whatever the number of hosts."""
    return Past(_moves())


def _expect(ranked: Sequence[tuple[Origin, Sequence[PastMove]]], tells: Telling) -> Figure | None:
    """From the nearest kind of moves that tells anything."""
    for origin, moves in ranked:
        told = (value for move in moves if (value := tells(move)) is not None)
        if values := list(islice(told, LATEST)):
            return measured(values, origin)
    return None


def _standstill(ranked: Sequence[tuple[Origin, Sequence[PastMove]]], memory_bytes: int) -> Figure | None:
    """Of a VM with another memory it is unknown which part of the standstill grew with the memory: none, or all of it.

    Between the two lies their geometric mean. With the same memory they are one.
    """

    def scaled(power: float) -> Telling:
        def tells(move: PastMove) -> float | None:
            if move.standstill_s is None or not move.memory_bytes:
                return None
            return float(move.standstill_s * (memory_bytes / move.memory_bytes) ** power)

        return tells

    constant, mean, grown = (_expect(ranked, scaled(power)) for power in (0.0, 0.5, 1.0))
    if constant is None or mean is None or grown is None:
        return None
    return replace(mean, low=min(constant.low, grown.low), high=max(constant.high, grown.high))


def _moves() -> Iterable[PastMove]:
    done = MigrationJob.objects.filter(status=MigrationJob.Status.DONE, started_at__isnull=False)
    latest = done.filter(ended_at__isnull=False).order_by("-pk")[:MOST_MOVES]
    told = latest.annotate(
        memory_mb=KT("plan__memory_mb"),
        planned_limit=KT("plan__limit_bytes_per_s"),
        had_failure=Exists(JobEvent.objects.filter(job=OuterRef("pk"), is_failure=True)),
    )
    steps = _steps(latest)
    return [_move(_Row(**row, **steps[row["pk"]])) for row in told.values("pk", *_OF_JOB) if row["pk"] in steps]


def _steps(jobs: QuerySet[MigrationJob]) -> dict[int, dict[str, Any]]:
    """What the copies of each job measured. By a query of its own: one that joins would group by whole plans."""
    copies = JobStep.objects.filter(_FIRST_COPY | _ROUNDS | _REST, job__in=jobs.values("pk")).order_by()
    told = copies.values("job_id").annotate(
        copy_from=Min("started_at", filter=_FIRST_COPY),
        copy_to=Max("ended_at", filter=_FIRST_COPY),
        copied=Sum("bytes_done", filter=_FIRST_COPY),
        live=Count("pk", filter=_LIVE),
        rounds=Count("pk", filter=_ROUNDS),
        last_round_from=Max("started_at", filter=_ROUNDS),
        in_rounds=Sum("bytes_done", filter=_ROUNDS),
        rest=Sum("bytes_done", filter=_REST),
        rest_from=Min("started_at", filter=_REST),
        rest_to=Max("ended_at", filter=_REST),
    )
    return {row["job_id"]: {name: value for name, value in row.items() if name != "job_id"} for row in told}


@dataclass(frozen=True, slots=True)
class _Row:
    """What the queries give of a job."""

    pk: int
    source_id: int | None
    target_id: int | None
    vm_uid: str
    memory_mb: int | str
    planned_limit: int | str | None
    limit_bytes_per_s: int
    holds: bool
    had_failure: bool
    started_at: datetime
    ended_at: datetime
    outage_began_at: datetime | None
    outage_ended_at: datetime | None
    copy_from: datetime | None
    copy_to: datetime | None
    copied: int | None
    live: int
    rounds: int
    last_round_from: datetime | None
    in_rounds: int | None
    rest: int | None
    rest_from: datetime | None
    rest_to: datetime | None


def _move(row: _Row) -> PastMove:
    rate = _rate(row.copied, _seconds(row.copy_from, row.copy_to)) or _rate(
        row.rest, _seconds(row.rest_from, row.rest_to)
    )
    is_limited = bool(int(row.planned_limit or 0) or row.limit_bytes_per_s)
    outage_s = _seconds(row.outage_began_at, row.outage_ended_at)
    return PastMove(
        source_id=row.source_id,
        target_id=row.target_id,
        vm_uid=row.vm_uid,
        memory_bytes=int(row.memory_mb) << 20,
        is_live=row.live > 0,
        rate=None if is_limited else rate,
        write_rate=_write_rate(row),
        standstill_s=None if outage_s is None else max(0.0, outage_s - (row.rest or 0) / (rate or ASSUMED_RATE.likely)),
        begin_s=_seconds(row.started_at, row.copy_from),
        round_s=_round_s(row, rate),
        end_s=None if row.had_failure else _seconds(row.outage_ended_at or row.copy_to, row.ended_at),
    )


def _write_rate(row: _Row) -> float | None:
    """What was copied in rounds was written from the first checkpoint until the last round began."""
    written_s = _seconds(row.copy_from, row.last_round_from)
    return (row.in_rounds or 0) / written_s if written_s else None


def _round_s(row: _Row, rate: float | None) -> float | None:
    """What a round takes beside its copy; unknown of a job that waited for its window."""
    between_s = _seconds(row.copy_to, row.outage_began_at)
    if row.holds or not row.rounds or between_s is None:
        return None
    return max(0.0, between_s - (row.in_rounds or 0) / (rate or ASSUMED_RATE.likely)) / row.rounds


def _rate(copied: int | None, seconds: float | None) -> float | None:
    return copied / seconds if seconds and copied and copied >= LEAST_COPY_BYTES else None


def _seconds(begin: datetime | None, end: datetime | None) -> float | None:
    return max(0.0, (end - begin).total_seconds()) if begin and end else None
