"""The scheduler's tasks call one verb each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from console.celery import app
from hosts import tasks
from hosts.models import Host, HostLoadHour, LoadSample
from tests.hosts.memory import Neighbourhood


@pytest.fixture
def _eager(settings: Settings) -> object:
    """Tasks run where they are sent from."""
    before = app.conf.task_always_eager
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = before


@pytest.mark.usefixtures("_eager")
def test_every_host_is_refreshed(hv01: Host, hv02: Host, network: Neighbourhood) -> None:
    for host in network.hosts.values():
        host.questions.clear()

    tasks.refresh_all()

    assert [host.questions for host in network.hosts.values()] == [["inspect", "sample"]] * 2


def test_hours_are_averaged_before_their_samples_go(hv01: Host) -> None:
    LoadSample.objects.update(at=timezone.now() - timedelta(hours=50))

    tasks.keep_loads()

    assert HostLoadHour.objects.get().sample_count == 1
    assert not LoadSample.objects.exists()


def test_a_removed_host_is_nothing_to_refresh(network: Neighbourhood) -> None:
    tasks.refresh(4711)

    assert not Host.objects.exists()


def test_the_schedule_names_a_task_that_exists(settings: Settings) -> None:
    assert settings.CELERY_BEAT_SCHEDULE["refresh"]["task"] == tasks.refresh_all.name
    assert settings.CELERY_BEAT_SCHEDULE["keep-loads"]["task"] == tasks.keep_loads.name
