"""Moves as marks on the charts of a host."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hosts.charts import DAY, Window
from migrations_app.models import MigrationJob
from migrations_app.move_marks import marks_on
from tests.journeys.rows import moved_vm


@pytest.fixture
def job(db: None) -> MigrationJob:
    """WEB01 came from HV01 to HV02 just now."""
    return moved_vm()


def test_a_move_is_an_arrival_there_and_a_departure_here(job: MigrationJob) -> None:
    assert job.source is not None
    assert job.target is not None
    window = Window(timezone.now())

    assert [mark.is_arrival for mark in marks_on(job.target, window)] == [True]
    assert [mark.is_arrival for mark in marks_on(job.source, window)] == [False]


def test_the_mark_stands_where_the_outage_ended(job: MigrationJob) -> None:
    assert job.target is not None
    now = timezone.now()
    MigrationJob.objects.update(ended_at=now, outage_ended_at=now - DAY / 4)

    mark = marks_on(job.target, Window(now))[0]

    assert mark.x == "75.00%"


@pytest.mark.parametrize("change", [{"status": "failed"}, {"ended_at": timezone.now() - timedelta(days=2)}])
def test_a_failed_or_an_old_move_makes_no_mark(job: MigrationJob, change: dict[str, object]) -> None:
    assert job.target is not None
    MigrationJob.objects.update(**change)

    assert marks_on(job.target, Window(timezone.now())) == []


@pytest.mark.parametrize("span", ["1h", "24h", "30d", "nonsense"])
def test_the_page_of_the_host_lists_its_moves(signed_in: Client, job: MigrationJob, span: str) -> None:
    text = signed_in.get(reverse("host-page", args=[job.target_id]), {"span": span}).content.decode()

    assert text.count('class="mark-in"') == 4
    assert "from HV01" in text
