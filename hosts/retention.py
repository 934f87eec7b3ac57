"""How long jobs and loads are kept: one row, kept by administrators; before there is one, as the settings say."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from hosts.audit import Deed, record
from hosts.models import Retention


def retention() -> Retention:
    return Retention.objects.first() or Retention(
        pk=Retention.SINGLETON,
        jobs_keep_d=settings.HISTORY_KEEP_D,
        samples_keep_h=settings.SAMPLES_KEEP_H,
        averages_keep_d=settings.AVERAGES_KEEP_D,
    )


def save_retention(changed: Retention, by: User | None) -> None:
    """From the next run on, which deletes what is older."""
    with transaction.atomic():
        before = facts_of(retention())
        changed.pk, changed.saved_by, changed.saved_at = Retention.SINGLETON, by, timezone.now()
        changed.save()
        record(Deed.RETENTION, "Retention", before, facts_of(changed), by)


def facts_of(kept: Retention) -> dict[str, str]:
    """What is kept, and for how long, in words."""
    return {
        "jobs that have ended, with their logs": _days(kept.jobs_keep_d) if kept.jobs_keep_d else "for ever",
        "each sample of loads": _counted(kept.samples_keep_h, "hour"),
        "hourly averages of loads": _days(kept.averages_keep_d),
    }


def _days(count: int) -> str:
    return _counted(count, "day")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'}"
