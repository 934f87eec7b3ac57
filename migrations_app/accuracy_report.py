"""The report "Forecast accuracy": the moves of a period, how many succeeded, and how good their forecasts were."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef
from django.db.models.fields.json import KT
from django.utils import timezone

from hosts.access import EVERYWHERE, Rights
from migrations_app.accuracy import Accuracy, Compared, accuracy, compare, seconds_between, span_of
from migrations_app.models import JobEvent, MigrationJob
from migrations_app.people import jobs_seen_with

PERIODS = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "A year"}
BY_DEFAULT = "30"
MOST_MOVES = 5000
SHOWN_IN_CHART = 80
CHART_HEIGHT = 150
# The chart's edges: four times as long as was likely, and a quarter of it.
_MOST_RATIO = 4.0

Status = MigrationJob.Status


@dataclass(frozen=True, slots=True)
class EndedMove:
    """A move that has ended, and its forecasts beside what was measured (None: not to be judged)."""

    pk: int
    vm_name: str
    source_name: str
    target_name: str
    status: str
    started_at: datetime | None
    ended_at: datetime
    before: Compared | None
    last: Compared | None
    total: Compared | None


@dataclass(frozen=True, slots=True)
class Group:
    """Moves together, found in the list of jobs by `words`.

    `before` and `last` judge the outage as forecast when ordered and just before the save.
    """

    name: str
    words: str
    done: int
    failed: int
    cancelled: int
    before: Accuracy | None
    last: Accuracy | None
    total: Accuracy | None

    @property
    def count(self) -> int:
        return self.done + self.failed + self.cancelled

    @property
    def success_percent(self) -> float | None:
        """Of those that were not cancelled."""
        tried = self.done + self.failed
        return 100 * self.done / tried if tried else None


@dataclass(frozen=True, slots=True)
class Dot:
    """A move in the chart, `x` in percent and the others in pixels from the top: measured by likely, and the range."""

    move: EndedMove
    compared: Compared
    x: float
    y: float
    low_y: float
    high_y: float


def ended_moves(days: int, rights: Rights = EVERYWHERE) -> list[EndedMove]:
    """The latest first, at most MOST_MOVES; one query."""
    since = timezone.now() - timedelta(days=days)
    jobs = jobs_seen_with(rights).filter(ended_at__gte=since).exclude(status__in=MigrationJob.OPEN)
    told = jobs.order_by("-ended_at").annotate(
        had_failure=Exists(JobEvent.objects.filter(job=OuterRef("pk"), is_failure=True)),
        **{f"planned_{name}": KT(f"plan__{name}") for name in _PLANNED},
    )
    names = [*_COLUMNS, "had_failure", *(f"planned_{name}" for name in _PLANNED)]
    return [_ended(row) for row in told.values(*names)[:MOST_MOVES]]


def all_together(moves: Sequence[EndedMove]) -> Group:
    return _group("All moves", "", moves)


def by_pair(moves: Iterable[EndedMove]) -> list[Group]:
    """Those between the same two hosts together; the most moves first."""
    pairs: dict[tuple[str, str], list[EndedMove]] = defaultdict(list)
    for move in moves:
        pairs[move.source_name, move.target_name].append(move)
    groups = [_group(" to ".join(names), " ".join(names), found) for names, found in pairs.items()]
    return sorted(groups, key=lambda group: (-group.count, group.name))


def chart(moves: Sequence[EndedMove]) -> list[Dot]:
    """The latest moves whose outage can be judged, the oldest first: by the last forecast where there is one."""
    judged = [(move, found) for move in moves if (found := move.last or move.before) and found.ratio is not None]
    shown = judged[:SHOWN_IN_CHART][::-1]
    return [_dot(move, found, (place + 0.5) / len(shown)) for place, (move, found) in enumerate(shown)]


_PLANNED = ("outage_low_s", "outage_s", "outage_high_s", "total_low_s", "total_s", "total_high_s")
_COLUMNS = (
    "pk",
    "vm_name",
    "source_name",
    "target_name",
    "status",
    "started_at",
    "ended_at",
    "outage_began_at",
    "outage_ended_at",
    "holds",
    "forecast",
)


def _ended(row: dict[str, Any]) -> EndedMove:
    is_done = row["status"] == Status.DONE
    is_whole = is_done and not row["holds"] and not row["had_failure"]
    outage_s = seconds_between(row["outage_began_at"], row["outage_ended_at"]) if is_done else None
    planned = [float(row[f"planned_{name}"] or 0) for name in _PLANNED]
    last = row["forecast"] or {}
    of_outage = [float(last.get(name) or 0) for name in ("outage_low_s", "outage_s", "outage_high_s")]
    return EndedMove(
        **{name: row[name] for name in _COLUMNS[:7]},
        before=compare(span_of(*planned[:3]), outage_s),
        last=compare(span_of(*of_outage), outage_s) if last else None,
        total=compare(span_of(*planned[3:]), seconds_between(row["started_at"], row["ended_at"]) if is_whole else None),
    )


def _group(name: str, words: str, moves: Sequence[EndedMove]) -> Group:
    return Group(
        name=name,
        words=words,
        done=sum(move.status == Status.DONE for move in moves),
        failed=sum(move.status == Status.FAILED for move in moves),
        cancelled=sum(move.status == Status.CANCELLED for move in moves),
        before=accuracy([move.before for move in moves if move.before]),
        last=accuracy([move.last for move in moves if move.last]),
        total=accuracy([move.total for move in moves if move.total]),
    )


def _dot(move: EndedMove, found: Compared, part: float) -> Dot:
    likely = found.expected.likely_s
    y, low_y, high_y = (_height(s / likely) for s in (found.measured_s, found.expected.low_s, found.expected.high_s))
    return Dot(move, found, round(100 * part, 2), y, low_y, high_y)


def _height(ratio: float) -> float:
    """Pixels from the top, by the logarithm: what was likely is in the middle."""
    inside = min(_MOST_RATIO, max(1 / _MOST_RATIO, ratio))
    return round(CHART_HEIGHT * (1 - math.log(inside, _MOST_RATIO)) / 2, 1)
