"""The page About and /health/: what is wrong is named with what to do, and a monitor learns one word."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings as ferry
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from console import health
from console.about import ferry_version
from hosts.models import Host, Pulse
from hosts.providers import PROVIDERS
from hosts.pulses import note_pulse
from hosts.tasks import keep_loads, refresh_all
from migrations_app.models import MigrationJob
from migrations_app.tasks import forget_old_jobs, sweep
from tests.hosts.fleet import host
from tests.journeys.rows import moved_vm

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def moved() -> Iterator[MigrationJob]:
    """WEB01 was moved from HV01 to HV02."""
    real = PROVIDERS["hyperv"]
    PROVIDERS["hyperv"] = "tests.hosts.memory.MemoryProvider"
    yield moved_vm()
    PROVIDERS["hyperv"] = real


def level_of(title: str) -> str:
    return next(condition.level for condition in health.conditions() if condition.title == title)


def late(task: str, by: timedelta = timedelta(hours=9)) -> None:
    note_pulse(task)
    Pulse.objects.filter(task=task).update(at=timezone.now() - by)


def test_every_task_of_the_schedule_leaves_its_pulse() -> None:
    for task in (sweep, refresh_all, keep_loads, forget_old_jobs):
        task()

    assert set(Pulse.objects.values_list("task", flat=True)) == set(ferry.CELERY_BEAT_SCHEDULE)
    assert not any(turn.is_late for turn in health.turns())


def test_a_pulse_is_one_row_that_moves_on() -> None:
    late("sweep")

    note_pulse("sweep")

    assert timezone.now() - Pulse.objects.get().at < timedelta(minutes=1)


def test_a_monitor_learns_one_word_and_nobody_has_to_sign_in(client: Client) -> None:
    before = client.get(reverse("health"))
    note_pulse("sweep")
    after = client.get(reverse("health"))

    assert (before.status_code, before.json()) == (503, {"status": "not ok"})
    assert (after.status_code, after.json()) == (200, {"status": "ok"})
    assert "no-store" in after["Cache-Control"]
    assert client.post(reverse("health")).status_code == 405


def test_a_sweep_that_stopped_is_bad_and_says_what_to_start(administrator: Client, settings: Settings) -> None:
    late("sweep")

    embedded = administrator.get(reverse("about")).content.decode()
    settings.BROKER_URL = "redis://user:secret@redis:6379/0"
    apart = administrator.get(reverse("about")).content.decode()

    assert "ran last 9 h ago" in embedded
    assert "without --no-worker" in embedded
    assert "Start celery -A console worker" in apart
    assert "secret" not in apart


def test_with_a_worker_at_a_job_it_is_beat_that_is_missing(moved: MigrationJob) -> None:
    late("sweep")
    MigrationJob.objects.update(lease_until=timezone.now() + timedelta(seconds=5))

    assert "so beat is missing" in health.conditions()[0].action


def test_another_task_that_is_late_is_a_warning() -> None:
    note_pulse("sweep")
    late("refresh")

    assert level_of("Worker and beat") == "warn"
    assert health.is_well()


def test_a_job_that_waits_too_long_is_a_warning(moved: MigrationJob) -> None:
    waiting = {"status": MigrationJob.Status.QUEUED, "start_at": None}
    MigrationJob.objects.update(**waiting, created_at=timezone.now())
    assert level_of("Queue") == "ok"

    MigrationJob.objects.update(created_at=timezone.now() - timedelta(seconds=ferry.QUEUE_PATIENCE_S + 60))
    assert level_of("Queue") == "warn"
    MigrationJob.objects.update(start_at=timezone.now() + timedelta(hours=1))
    assert level_of("Queue") == "ok"


def test_hosts_that_do_not_respond_are_named() -> None:
    host("HV01")
    host("HV02", state=Host.State.NOT_RESPONDING)

    found = next(condition for condition in health.conditions() if condition.title == "Hosts")

    assert (found.level, found.text) == ("warn", "1 of 2 hosts needs somebody: HV02.")


def test_pages_that_would_not_follow_are_a_warning(settings: Settings) -> None:
    settings.BROKER_URL = "redis://:secret@redis/0"

    assert level_of("Broker and notices") == "warn"
    settings.CHANNEL_REDIS_URL = "redis://:secret@redis/1"
    assert level_of("Broker and notices") == "ok"
    assert "secret" not in str(health.conditions())


def test_a_database_that_does_not_answer_is_not_ok(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> None:
        raise DatabaseError

    monkeypatch.setattr(health, "turns", lost)

    assert client.get(reverse("health")).status_code == 503


def test_the_page_says_what_is_there_and_what_is_kept(administrator: Client) -> None:
    host("HV01")

    html = administrator.get(reverse("about")).content.decode()

    assert f"<dd>{ferry_version()}</dd>" in html
    for words in ("FERRY_HISTORY_KEEP_D", "365 days", "<dt>Hosts</dt><dd>1</dd>", reverse("health")):
        assert words in html
