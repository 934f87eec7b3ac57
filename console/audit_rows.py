"""The page of the audit log: what the address asks for, and the rows that answer it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from hosts.audit_models import AuditRecord
from hosts.csv_file import Cell

PAGE_SIZE = 100
MOST_IN_A_FILE = 100_000
HEAD = ["Number", "When", "Who", "From", "What", "About", "Before", "After"]


@dataclass(frozen=True, slots=True)
class Question:
    """`who` and `about`: parts of the names; `deed`: a value of Deed or ""; `since` and `until`: whole days."""

    who: str
    deed: str
    about: str
    since: date | None
    until: date | None

    @classmethod
    def of(cls, query: QueryDict) -> Question:
        deed = query.get("deed", "")
        return cls(
            who=_text(query, "who"),
            deed=deed if deed in AuditRecord.Deed.values else "",
            about=_text(query, "about"),
            since=_day(query.get("since", "")),
            until=_day(query.get("until", "")),
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.who or self.deed or self.about or self.since or self.until)


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    before: str
    after: str


def find_records(question: Question) -> QuerySet[AuditRecord]:
    """The latest first."""
    records = AuditRecord.objects.filter(who__icontains=question.who, about__icontains=question.about)
    if question.deed:
        records = records.filter(deed=question.deed)
    if question.since:
        records = records.filter(at__gte=_begin_of(question.since))
    if question.until:
        records = records.filter(at__lt=_begin_of(question.until + timedelta(days=1)))
    return records


def changes_of(record: AuditRecord) -> list[Change]:
    names = dict.fromkeys([*record.before, *record.after])
    return [Change(name, _told(record.before.get(name)), _told(record.after.get(name))) for name in names]


def cells_of(record: AuditRecord) -> list[Cell]:
    changes = changes_of(record)
    before = "; ".join(f"{it.name}: {it.before}" for it in changes if it.name in record.before)
    after = "; ".join(f"{it.name}: {it.after}" for it in changes if it.name in record.after)
    at = record.at.isoformat(timespec="seconds")
    return [record.pk, at, record.who, record.address, record.get_deed_display(), record.about, before, after]


def _text(query: QueryDict, name: str) -> str:
    return query.get(name, "").strip()


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 < day.year < 9000 else None


def _begin_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
