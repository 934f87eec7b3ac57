"""The list of jobs: what the address asks for, and the jobs that answer it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.db.models import Prefetch, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from hosts.access import Rights
from migrations_app.holds import HOLDING_STEPS
from migrations_app.models import MigrationJob
from migrations_app.people import jobs_seen_with

SHOWN = {"all": "All", "running": "Running", "failed": "Failed", "mine": "Mine"}


@dataclass(frozen=True, slots=True)
class Question:
    """What the address asks for; "" and None narrow nothing. `since` and `until`: whole days in the zone `zone_name`,
    which is the reader's ("": the server's). `troubles`: a sentence for each part that cannot be understood."""

    shown: str
    text: str
    vm: str
    host: str
    since: date | None
    until: date | None
    zone_name: str
    troubles: tuple[str, ...]

    @classmethod
    def of(cls, query: QueryDict) -> Question:
        shown, zone_name = query.get("show", ""), _text(query, "zone")
        since, until = (_day(_text(query, name)) for name in ("from", "to"))
        return cls(
            shown=shown if shown in SHOWN else "all",
            text=_text(query, "q"),
            vm=_text(query, "vm"),
            host=_text(query, "host"),
            since=since,
            until=until,
            zone_name=zone_name if zone_name in _zones() else "",
            troubles=(*_bad_days(query), *_bad_order(since, until), *_bad_zone(zone_name)),
        )

    @property
    def zone(self) -> tzinfo:
        return ZoneInfo(self.zone_name) if self.zone_name else timezone.get_default_timezone()

    @property
    def filters(self) -> list[str]:
        """What narrows the list, in words; the tabs All, Running, Failed and Mine among them."""
        told = {
            "": SHOWN[self.shown] if self.shown != "all" else "",
            "virtual machine": self.vm,
            "host": self.host,
            "started from": self.since,
            "started until": self.until,
            "mentions": self.text,
        }
        return [f"{name} {value}".strip() for name, value in told.items() if value]


def find_jobs(question: Question, rights: Rights, user_pk: int | None) -> QuerySet[MigrationJob]:
    """The latest first, with all that their rows show."""
    jobs = _chosen(jobs_seen_with(rights), question.shown, user_pk)
    for word in question.text.split():
        jobs = jobs.filter(_mentions(word))
    if question.vm:
        jobs = _named(jobs, question.vm, "vm_name", "vm__name")
    if question.host:
        jobs = _named(jobs, question.host, "source_name", "source__name", "target_name", "target__name")
    jobs = _started(jobs, question)
    steps = Prefetch("steps", queryset=HOLDING_STEPS)
    return (
        jobs.select_related("created_by", "vm__host").prefetch_related(steps).defer("rating", "vm_before", "vm_after")
    )


def _chosen(jobs: QuerySet[MigrationJob], shown: str, user_pk: int | None) -> QuerySet[MigrationJob]:
    if shown == "running":
        return jobs.filter(status__in=MigrationJob.OPEN)
    if shown == "failed":
        return jobs.filter(status=MigrationJob.Status.FAILED)
    return jobs.filter(created_by_id=user_pk) if shown == "mine" else jobs


def _mentions(word: str) -> Q:
    names = Q(vm_name__icontains=word) | Q(source_name__icontains=word) | Q(target_name__icontains=word)
    return names | Q(created_by__username__icontains=word)


def _named(jobs: QuerySet[MigrationJob], name: str, *columns: str) -> QuerySet[MigrationJob]:
    """Those in which one of the columns is the name, as it was or is now; if there are none, has it as a part."""
    exactly, partly = Q(), Q()
    for column in columns:
        exactly |= Q(**{f"{column}__iexact": name})
        partly |= Q(**{f"{column}__icontains": name})
    exact = jobs.filter(exactly)
    return exact if exact.exists() else jobs.filter(partly)


def _started(jobs: QuerySet[MigrationJob], question: Question) -> QuerySet[MigrationJob]:
    if question.since:
        jobs = jobs.filter(started_at__gte=_begin_of(question.since, question.zone))
    if question.until:
        jobs = jobs.filter(started_at__lt=_begin_of(question.until + timedelta(days=1), question.zone))
    return jobs


def _text(query: QueryDict, name: str) -> str:
    return query.get(name, "").replace("\0", "").strip()


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 < day.year < 9000 else None


def _bad_days(query: QueryDict) -> list[str]:
    given = [_text(query, name) for name in ("from", "to")]
    bad = [text for text in given if text and _day(text) is None]
    return [f"“{text}” is not a day, so it narrows nothing. Write a day like {date(2026, 1, 31)}." for text in bad]


def _bad_order(since: date | None, until: date | None) -> list[str]:
    if since is None or until is None or since <= until:
        return []
    return [f"The last day, {until}, is before the first, {since}: no job can have started then."]


def _bad_zone(name: str) -> list[str]:
    return [f"“{name}” is not a time zone: the days are the server's."] if name and name not in _zones() else []


def _begin_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


@cache
def _zones() -> set[str]:
    return available_timezones()
