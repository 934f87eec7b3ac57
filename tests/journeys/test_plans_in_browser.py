"""Several virtual machines selected, planned and approved, by somebody at a screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from hosts.access import Role
from migrations_app.models import MigrationJob
from tests.journeys.browser import DESK, Desk
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_boxes_lead_to_a_plan_and_its_approval_to_jobs(
    browser: Browser, address: str, job: MigrationJob, theme: str
) -> None:
    desk = Desk(browser, address, person("anna", Role.OPERATOR), theme, DESK)
    page = desk.open("/vms/")

    page.get_by_label("Select all that are shown").check()
    page.get_by_role("button", name="Migrate 1 selected…").click()
    expect(page.get_by_text("1 of 1 virtual machine would move")).to_be_visible()
    assert (desk.barriers(), desk.overhang_px()) == ("", 0)
    page.get_by_role("button", name="Approve 1 move").click()
    expect(page.get_by_text("0 of 1 moved; 1 waiting.")).to_be_visible()
    assert (desk.barriers(), desk.overhang_px()) == ("", 0)
    MigrationJob.objects.filter(status="queued").update(status="done")

    expect(page.get_by_text("1 of 1 moved.", exact=True)).to_be_visible(timeout=10_000)
    assert desk.complaints == []


def test_the_boxes_work_without_scripts(browser: Browser, address: str, job: MigrationJob) -> None:
    desk = Desk(browser, address, person("anna", Role.OPERATOR), "light", DESK)
    desk.page.route("**/*.js", lambda route: route.abort())
    page = desk.open("/vms/")

    page.get_by_label("Select WEB01").check()
    page.get_by_role("button", name="Migrate selected…").click()

    expect(page.get_by_role("button", name="Approve 1 move")).to_be_visible()
