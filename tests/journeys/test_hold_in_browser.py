"""A job that holds, in a real browser: its page is quiet, and its cut-over can be ordered and put off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from hosts.access import Role
from migrations_app.models import JobStep, MigrationJob
from tests.journeys.browser import DESK, PHONE, Desk
from tests.journeys.rows import moved_vm
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def job() -> MigrationJob:
    """WEB01 is copied and waits for tomorrow."""
    job, tomorrow = moved_vm(), timezone.now() + timedelta(days=1)
    job.steps.filter(position__gte=5).delete()
    note = "WEB01 keeps running on HV01 and is kept in sync; the cut-over is planned for 02:00 UTC."
    job.steps.filter(position=4).update(
        key="hold", title="Hold until the cut-over", status=JobStep.Status.RUNNING, ended_at=None, note=note
    )
    window = {"cut_over_from": tomorrow, "cut_over_until": tomorrow + timedelta(hours=2), "holds": True}
    fresh = {"outage_began_at": None, "outage_ended_at": None, "ended_at": None, "percent": 92, "status": "running"}
    MigrationJob.objects.filter(pk=job.pk).update(**window, **fresh, phase="Holding until 02:00 UTC")
    return job


def desk_of(browser: Browser, address: str, theme: str = "light") -> Desk:
    return Desk(browser, address, person("anna", Role.OPERATOR), theme, DESK)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_of_a_job_that_holds_is_quiet_with_its_dialogs_open(
    browser: Browser, address: str, job: MigrationJob, theme: str
) -> None:
    desk = desk_of(browser, address, theme)
    page = desk.open(f"/jobs/{job.pk}/")

    for verb in ("Cut over now…", "Change the window…"):
        page.get_by_role("button", name=verb).click()
        assert desk.barriers() == ""
        page.keyboard.press("Escape")

    assert desk.overhang_px() <= 0
    page.set_viewport_size(PHONE)
    assert desk.overhang_px() <= 0
    assert desk.complaints == []


def test_the_window_is_changed_and_then_the_cut_over_ordered(browser: Browser, address: str, job: MigrationJob) -> None:
    page = desk_of(browser, address).open(f"/jobs/{job.pk}/")

    page.get_by_role("button", name="Change the window…").click()
    page.get_by_label("Cut over from").fill("2099-01-02T03:00")
    page.get_by_role("textbox", name="Until").fill("")
    page.get_by_role("button", name="Choose this window").click()
    expect(page.locator("#job-log")).to_contain_text("anna chose the window for the cut-over: from 2 Jan 03:00 UTC on.")
    page.get_by_role("button", name="Cut over now…").click()
    page.get_by_role("button", name="Cut over now", exact=True).click()

    expect(page.locator("#job-sentence")).to_contain_text("WEB01 keeps running on HV01; its cut-over is ordered.")
    expect(page.locator("#verb-cut-over")).to_have_attribute("aria-disabled", "true")
