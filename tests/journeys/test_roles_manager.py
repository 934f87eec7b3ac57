"""A manager in a browser, from signing in to the report as a file: reads everything, and is offered no verb."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Download, Page, expect

from hosts.access import Role
from migrations_app.models import MigrationJob
from tests.journeys import keyboard
from tests.journeys.browser import DESK, Desk
from tests.journeys.estate import estate
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("job")]

PASSWORD = "correct horse battery"
LOOKS_ONLY = (
    "Your role is Manager: you may look at virtual machines, hosts, ratings, reports and jobs, and change nothing."
)


@pytest.fixture
def job(transactional_db: None) -> MigrationJob:
    manager = person("mara", Role.MANAGER)
    manager.set_password(PASSWORD)
    manager.save()
    return estate()


@pytest.fixture
def desk(browser: Browser, address: str) -> Desk:
    desk = Desk(browser, address, None, "light", DESK)
    desk.open("/")
    return desk


def test_a_manager_reads_load_ratings_and_report_by_mouse(desk: Desk) -> None:
    page = desk.page
    page.get_by_label("User name").fill("mara")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/hosts/")
    expect_load_and_stars(page)

    page.get_by_label("Stars for").fill("WEB01")
    page.get_by_role("button", name="Rate").click()
    page.wait_for_url("**/hosts/?like=WEB01*")
    page.get_by_role("link", name="Reports").click()
    with page.expect_download() as coming:
        page.get_by_role("link", name="CSV").click()

    assert_reports_groups(coming.value)
    page.get_by_role("link", name="Forecast accuracy").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Forecast accuracy")
    assert desk.complaints == []


def test_a_manager_reads_load_ratings_and_report_by_keyboard_alone(desk: Desk) -> None:
    page = desk.page
    keyboard.sign_in(page, "mara", PASSWORD)
    page.wait_for_url("**/hosts/")
    expect_load_and_stars(page)

    keyboard.press(page, page.locator("#host-rows").get_by_role("link", name="HV01"))
    page.wait_for_url("**/hosts/*/")
    keyboard.press(page, page.get_by_role("link", name="1 hour"))
    expect(page.get_by_role("link", name="1 hour")).to_have_attribute("aria-current", "page")
    keyboard.press(page, page.get_by_role("link", name="Reports"))
    page.wait_for_url("**/hosts/report/")
    with page.expect_download() as coming:
        keyboard.press(page, page.get_by_role("link", name="CSV"))

    assert_reports_groups(coming.value)


def test_a_manager_is_offered_no_verb_that_changes_something(desk: Desk, job: MigrationJob) -> None:
    page = desk.page
    keyboard.sign_in(page, "mara", PASSWORD)

    for path in (f"/vms/{job.vm_id}/", f"/hosts/{job.source_id}/", f"/jobs/{job.pk}/"):
        desk.open(path)
        expect(page.locator("#actions")).to_contain_text(LOOKS_ONLY)
        expect(page.locator("#actions form")).to_have_count(0)
    page.goto("/vms/")
    page.get_by_role("link", name="WEB01", exact=True).click(button="right")
    expect(page.get_by_role("menuitem", name="Migrate…")).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("menuitem", name="Compare hosts")).to_be_visible()
    assert desk.complaints == []


def test_a_manager_who_looks_through_the_wizard_knows_from_the_first_page_that_he_cannot_order(
    desk: Desk, job: MigrationJob
) -> None:
    page = desk.page
    keyboard.sign_in(page, "mara", PASSWORD)
    desk.open(f"/vms/{job.vm_id}/migrate/")

    for _ in ("before", "host", "path", "networks"):
        expect(page.locator(".wizard-page")).to_contain_text("An operator can order it")
        keyboard.press(page, page.locator(".wizard-go .btn-primary"))

    expect(page.get_by_role("heading", level=1)).to_have_text("Summary")
    expect(page.locator(".wizard-page")).to_contain_text(LOOKS_ONLY)
    expect(page.get_by_role("button", name="Move", exact=True)).to_be_disabled()


def expect_load_and_stars(page: Page) -> None:
    row = page.locator("#host-rows tbody tr").filter(has_text="HV01")
    expect(row).to_contain_text("20 %")
    expect(row.get_by_role("img", name="stars")).to_be_visible()


def assert_reports_groups(download: Download) -> None:
    assert download.suggested_filename.endswith(".csv")
    with Path(download.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert {"All Hosts", "Edge"} <= {cell.strip() for row in rows for cell in row}
