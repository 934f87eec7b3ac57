"""How long history is kept: set by administrators, told before anything goes, over what the environment says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from hosts.models import AuditRecord, LoadSample, Retention
from hosts.retention import retention
from hosts.rollup import forget_old_loads
from migrations_app.history import forget_old_jobs
from migrations_app.models import MigrationJob
from tests.migrations_app.past_jobs import host, past_job

pytestmark = pytest.mark.django_db
AS_IT_COMES = {"jobs_keep_d": "365", "samples_keep_h": "24", "averages_keep_d": "90"}
NOW = timezone.now()


@pytest.fixture
def administrator(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def old_job() -> MigrationJob:
    """It ended a hundred days ago."""
    return past_job(host("HV01"), host("HV02"), ended_at=NOW - timedelta(days=100))


def store(client: Client, **changes: str) -> str:
    return client.post(reverse("retention"), AS_IT_COMES | changes, follow=True).content.decode()


def test_what_is_stored_holds_over_the_setting_and_is_recorded(administrator: Client, settings: Settings) -> None:
    settings.HISTORY_KEEP_D = 90

    html = store(administrator, jobs_keep_d="400")

    record = AuditRecord.objects.all()[0]
    assert "It was stored how long history is kept." in html
    assert retention().jobs_keep_d == 400
    assert (record.deed, record.before) == ("retention", {"jobs that have ended, with their logs": "90 days"})
    assert record.after == {"jobs that have ended, with their logs": "400 days"}
    assert "400 days" in administrator.get(reverse("about")).content.decode()


def test_a_shorter_time_is_stored_only_when_it_was_told_what_goes(administrator: Client, old_job: MigrationJob) -> None:
    html = store(administrator, jobs_keep_d="30")

    assert "Nothing is stored yet." in html
    assert "1 job with steps and log." in html
    assert not Retention.objects.exists()

    store(administrator, jobs_keep_d="30", sure="30-24-90")

    assert retention().jobs_keep_d == 30
    assert forget_old_jobs(NOW) == 1


def test_who_was_told_about_other_times_is_told_again(administrator: Client, old_job: MigrationJob) -> None:
    assert "Nothing is stored yet." in store(administrator, jobs_keep_d="7", sure="30-24-90")


def test_a_shorter_time_by_which_nothing_goes_is_stored_at_once(administrator: Client, old_job: MigrationJob) -> None:
    assert "It was stored" in store(administrator, jobs_keep_d="101")


def test_samples_go_by_what_is_stored(administrator: Client) -> None:
    LoadSample.objects.create(
        host=host("HV01"),
        at=NOW - timedelta(hours=5),
        cpu_percent=1.0,
        memory_used_mb=1,
        disk_iops=0.0,
        network_percent=0.0,
    )

    assert "1 sample of loads." in store(administrator, samples_keep_h="2")

    Retention.objects.create(pk=1, jobs_keep_d=0, samples_keep_h=2, averages_keep_d=1)
    assert forget_old_loads(NOW) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"jobs_keep_d": "6"}, "Jobs that have ended: give a whole number of days from 7 to 3,650, or 0 for ever."),
        ({"jobs_keep_d": "-1"}, "Jobs that have ended: give a whole number of days"),
        ({"samples_keep_h": "1"}, "Samples of loads: give a whole number of hours from 2 to 2,160."),
        ({"samples_keep_h": "many"}, "Samples of loads: give a whole number of hours"),
        ({"averages_keep_d": ""}, "Hourly averages: give a whole number of days from 1 to 3,650."),
        ({"averages_keep_d": "9" * 400}, "Hourly averages: give a whole number of days"),
    ],
)
def test_times_out_of_bounds_are_refused(administrator: Client, changes: dict[str, str], sentence: str) -> None:
    html = store(administrator, **changes)

    assert sentence in html
    assert "Nothing was stored." in html
    assert not Retention.objects.exists()


def test_the_page_says_that_the_audit_log_is_never_deleted(administrator: Client) -> None:
    assert "The audit log is kept for ever." in administrator.get(reverse("retention")).content.decode()
