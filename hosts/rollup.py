"""Samples become averages of an hour, and what is too old goes: in small transactions, as often as one likes.

A second run changes nothing: an hour of a host or VM that has its average is left alone, and one without samples
stays a hole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, Max, Min, Model, QuerySet
from django.utils import timezone

from hosts.browsing_models import FolderListing
from hosts.models import (
    Host,
    HostLoadHour,
    LoadSample,
    Retention,
    ThoroughCheck,
    VirtualMachine,
    VmLoadHour,
    VmLoadSample,
)
from hosts.retention import retention

HOUR = timedelta(hours=1)

# A sample bears the time its host was asked; so long may the answer and its writing take.
SETTLED_AFTER = timedelta(minutes=5)

_KEEP_CHECKS = timedelta(days=1)
_ROWS_AT_A_TIME = 5000


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of thing that is sampled: its rows, its samples, its hours, and how both name it.

    `batch`: so many of them are averaged by a statement, in a transaction of its own.
    """

    things: type[Model]
    samples: type[Model]
    hours: type[Model]
    key: str
    columns: tuple[str, ...]
    batch: int = 500


KINDS = (
    _Kind(Host, LoadSample, HostLoadHour, "host_id", ("cpu_percent", "memory_used_mb", "disk_iops", "network_percent")),
    _Kind(VirtualMachine, VmLoadSample, VmLoadHour, "vm_id", ("cpu_percent", "memory_mb")),
)
_WHOLE_NUMBERS = ("memory_used_mb", "memory_mb")


def hour_of(at: datetime) -> datetime:
    """When the hour of this moment began, in UTC."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def roll_up(now: datetime | None = None) -> int:
    """Average every hour that is over and not averaged yet; returns how many averages were made."""
    until = hour_of((now or timezone.now()) - SETTLED_AFTER)
    return sum(_roll_up_hour(kind, hour) for kind in KINDS for hour in _due_hours(kind, until))


def forget_old_loads(now: datetime | None = None) -> int:
    """Delete samples, averages and what pages asked of hosts, each past its time; returns how many.

    However short samples are kept: those of an hour that `roll_up` may still average stay.
    """
    now = now or timezone.now()
    kept = retention()
    gone = sum(_delete(old, "at") for old in [*old_samples(kept, now), *old_averages(kept, now)])
    asked = [model._default_manager.filter(asked_at__lt=now - _KEEP_CHECKS) for model in (ThoroughCheck, FolderListing)]
    return gone + sum(_delete(old, "asked_at") for old in asked)


def old_samples(kept: Retention, now: datetime) -> list[QuerySet[Any]]:
    """The samples of each kind that are past their time."""
    before = min(now - timedelta(hours=kept.samples_keep_h), hour_of(now - SETTLED_AFTER))
    return [kind.samples._default_manager.filter(at__lt=before) for kind in KINDS]


def old_averages(kept: Retention, now: datetime) -> list[QuerySet[Any]]:
    before = now - timedelta(days=kept.averages_keep_d)
    return [kind.hours._default_manager.filter(at__lt=before) for kind in KINDS]


def _due_hours(kind: _Kind, until: datetime) -> Iterator[datetime]:
    """The hours before `until` from the last one that has averages: a run that was cut short there goes on there."""
    first = kind.samples._default_manager.aggregate(first=Min("at"))["first"]
    last = kind.hours._default_manager.aggregate(last=Max("at"))["last"]
    if first is None:
        return
    hour = max(hour_of(first), last or hour_of(first))
    while hour < until:
        yield hour
        hour += HOUR


def _roll_up_hour(kind: _Kind, hour: datetime) -> int:
    done = set(kind.hours._default_manager.filter(at=hour).values_list(kind.key, flat=True))
    pks = kind.things._default_manager.order_by("pk").values_list("pk", flat=True)
    due = [pk for pk in pks if pk not in done]
    return sum(_average(kind, hour, due[at : at + kind.batch]) for at in range(0, len(due), kind.batch))


def _average(kind: _Kind, hour: datetime, pks: Sequence[int]) -> int:
    """One statement that reads, one that writes. Another worker that does the same does no harm."""
    samples = kind.samples._default_manager.filter(**{f"{kind.key}__in": pks}, at__gte=hour, at__lt=hour + HOUR)
    means = {f"mean_{name}": Avg(name) for name in kind.columns}
    rows = samples.order_by().values(kind.key).annotate(sample_count=Count("pk"), **means)
    made = [_row(kind, hour, row) for row in rows]
    kind.hours._default_manager.bulk_create(made, ignore_conflicts=True)
    return len(made)


def _row(kind: _Kind, hour: datetime, row: dict[str, Any]) -> Model:
    figures = {
        name: round(row[f"mean_{name}"]) if name in _WHOLE_NUMBERS else row[f"mean_{name}"] for name in kind.columns
    }
    return kind.hours(**{kind.key: row[kind.key]}, at=hour, sample_count=row["sample_count"], **figures)


def _delete(old: QuerySet[Any], moment: str) -> int:
    gone = 0
    while pks := list(old.order_by(moment).values_list("pk", flat=True)[:_ROWS_AT_A_TIME]):
        gone += old.model._default_manager.filter(pk__in=pks).delete()[0]
    return gone
