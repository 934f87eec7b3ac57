"""Whose turn it is: which waiting jobs may begin, and what the others wait for. Pure; read by workers and pages.

The queue is in the order of priority, then of age. Each job needs a place on its source (out) and one on its target
(in). Going through the queue, a job begins if both have room; what it takes is gone for those behind it. So nobody
overtakes a job that waits for the same place, and nobody is held up by a job that waits for another host.

A job that needs two places could wait for ever, if each time one becomes free the other is taken by somebody younger.
Therefore a job that has waited longer than the patience keeps the places it does find free.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

# The key of a host, and "in" or "out".
Place = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job without its places. `since`: when it was ordered, or when its start time came."""

    pk: int
    priority: int
    since: datetime
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """`place`: what the job waits for, None when it may begin. `number`: 1 for the first of those that wait for it.

    `has`: the jobs that have the place, or get it before this one; `kept_for`: those that it is kept for.
    """

    place: Place | None
    number: int = 0
    has: tuple[int, ...] = ()
    kept_for: tuple[int, ...] = ()


def turns(
    waiting: Iterable[Waiting],
    taken: Mapping[Place, Sequence[int]],
    limits: Mapping[Place, int],
    patient_until: datetime,
) -> dict[int, Turn]:
    """The turn of each job by its key, in the order of the queue.

    `taken`: the running jobs at each place, `limits`: how many it takes. Who waits since `patient_until` or longer
    keeps what is free.
    """
    has: dict[Place, list[int]] = defaultdict(list, {place: list(jobs) for place, jobs in taken.items()})
    kept: dict[Place, list[int]] = defaultdict(list)
    numbers: dict[Place, int] = defaultdict(int)
    found: dict[int, Turn] = {}
    for job in sorted(waiting, key=lambda it: (-it.priority, it.since, it.pk)):
        full = [place for place in job.places if len(has[place]) + len(kept[place]) >= limits.get(place, 0)]
        if not full:
            found[job.pk] = Turn(None)
            for place in job.places:
                has[place].append(job.pk)
            continue
        for place in full:
            numbers[place] += 1
        worst = max(full, key=lambda place: numbers[place])
        found[job.pk] = Turn(worst, numbers[worst], tuple(has[worst]), tuple(kept[worst]))
        if job.since <= patient_until:
            for place in job.places:
                if place not in full:
                    kept[place].append(job.pk)
    return found
