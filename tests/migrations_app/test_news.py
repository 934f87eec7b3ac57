"""News of jobs in the strip: what a browser may notify its user of."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from hosts.access import Rights
from migrations_app.board import strip
from migrations_app.models import MigrationJob
from tests.fakes.moves import Move


def news() -> list[str]:
    return [each.text for each in strip().news]


def test_a_job_is_news_when_its_outage_begins_and_when_it_has_ended(move: Move) -> None:
    job = move.order()
    assert news() == []

    MigrationJob.objects.filter(pk=job.pk).update(status="running", outage_began_at=timezone.now())
    assert news()[0].startswith("WEB01 is paused while it changes hosts.")
    in_outage = strip().news[0].key
    MigrationJob.objects.filter(pk=job.pk).update(status="failed", ended_at=timezone.now(), vm_now="It runs on HV01.")

    assert news() == ["The move of WEB01 failed. It runs on HV01."]
    assert strip().news[0].key != in_outage


def test_what_ended_a_while_ago_is_no_news(move: Move) -> None:
    job = move.run(move.order())
    assert len(news()) == 1

    MigrationJob.objects.filter(pk=job.pk).update(ended_at=timezone.now() - timedelta(minutes=2))

    assert news() == []


def test_nobody_gets_news_of_jobs_that_he_may_not_see(move: Move) -> None:
    move.run(move.order())

    assert strip(Rights(groups=frozenset())).news == []
