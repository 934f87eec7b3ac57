"""Notifications of jobs in a real browser: they are noted instead of shown, and its page is in the background."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from hosts.access import Role
from migrations_app.models import MigrationJob
from tests.journeys.browser import DESK, Desk
from tests.journeys.rows import moved_vm
from tests.lab_moves import wait_until
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOTED = """
window.noted = [];
window.asked = 0;
window.Notification = class extends EventTarget {
  static permission = "ANSWER" === "denied" ? "denied" : "default";
  static async requestPermission() { window.asked += 1; return (this.permission = "ANSWER"); }
  constructor(title, options) { super(); window.noted.push(`${title}: ${options.body}`); }
};
Object.defineProperty(Document.prototype, "hidden", { get: () => IS_HIDDEN });
"""


@pytest.fixture
def job() -> MigrationJob:
    """It runs, before its outage."""
    made = moved_vm()
    MigrationJob.objects.update(status="running", ended_at=None, outage_began_at=None, outage_ended_at=None)
    return made


def page_of(browser: Browser, address: str, answer: str = "granted", is_hidden: str = "true") -> Page:
    desk = Desk(browser, address, person("anna", Role.OPERATOR), "light", DESK)
    desk.page.add_init_script(NOTED.replace("ANSWER", answer).replace("IS_HIDDEN", is_hidden))
    return desk.open("/hosts/")


def end(job: MigrationJob) -> None:
    MigrationJob.objects.filter(pk=job.pk).update(status="failed", vm_now="It runs on HV01.", ended_at=timezone.now())
    MigrationJob.objects.filter(pk=job.pk).update(version=999)


def noted(page: Page) -> list[str]:
    return list(page.evaluate("window.noted"))


def test_a_job_that_ends_in_the_background_is_told_once(browser: Browser, address: str, job: MigrationJob) -> None:
    page = page_of(browser, address)
    assert page.evaluate("window.asked") == 0
    page.get_by_role("button", name="Notify me").click()
    expect(page.get_by_role("button", name="Notifications are on")).to_be_visible()

    end(job)
    wait_until(lambda: bool(noted(page)), "the end of the job is told")

    assert noted(page) == ["Move WEB01 from HV01 to HV02: The move of WEB01 failed. It runs on HV01."]


def test_who_looks_at_the_page_or_has_switched_it_off_is_not_disturbed(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    looks, off = page_of(browser, address, is_hidden="false"), page_of(browser, address)
    looks.get_by_role("button", name="Notify me").click()
    off.get_by_role("button", name="Notify me").click()
    off.get_by_role("button", name="Notifications are on").click()
    expect(off.get_by_role("button", name="Notify me")).to_be_visible()

    end(job)

    for page in (looks, off):
        expect(page.locator("[data-news]")).to_be_attached(timeout=10_000)
        assert noted(page) == []


def test_a_browser_that_blocks_them_is_named_as_the_reason(browser: Browser, address: str, job: MigrationJob) -> None:
    page = page_of(browser, address, answer="denied")

    button = page.get_by_role("button", name="Notifications are blocked")

    expect(button).to_have_attribute(
        "title", "The browser blocks notifications of this site; its settings for this site can allow them."
    )
    button.press("Enter")
    expect(page.locator("#announcer")).to_contain_text("The browser blocks notifications")
    assert page.evaluate("window.asked") == 0
