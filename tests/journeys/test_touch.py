"""By finger on a phone: nothing is hovered, right-clicked or dragged, and what is tapped is large enough for it."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from migrations_app.models import MigrationJob
from tests.journeys.browser import PHONE, Desk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# WCAG 2.5.8: 24 px, or that much room around it.
LEAST_PX = 24


@pytest.fixture
def page(browser: Browser, address: str, job: MigrationJob, admin: User) -> Page:
    return Desk(browser, address, admin, "light", PHONE, has_touch=True).open("/vms/")


def test_a_move_from_the_row_to_the_page_of_its_job(page: Page) -> None:
    row = page.get_by_role("row", name=re.compile("WEB01"))
    row.get_by_role("button", name="Actions of WEB01").tap()
    page.get_by_role("menuitem", name="Migrate…").tap()
    page.get_by_role("link", name="Yes").tap()
    page.get_by_role("row", name=re.compile(r"^HV01 \d")).tap()
    for heading in ("path", "networks", "Summary"):
        page.get_by_role("button", name="Next").tap()
        expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(heading, re.IGNORECASE))
    page.get_by_role("button", name="Move", exact=True).tap()

    expect(page.get_by_role("heading", level=1)).to_contain_text("WEB01")
    page.wait_for_url("**/jobs/*/")
    assert MigrationJob.objects.get(status=MigrationJob.Status.QUEUED).target_name == "HV01"


def test_a_tap_on_a_row_opens_its_details_and_a_tap_closes_them(page: Page) -> None:
    page.get_by_role("row", name=re.compile("WEB01")).get_by_role("cell", name="Running").tap()
    close = page.get_by_role("link", name="Close the details")
    expect(close).to_be_visible()
    expect(page.get_by_role("complementary", name="Actions")).to_contain_text("Migrate…")

    close.tap()

    expect(close).to_be_hidden()


def test_what_is_tapped_is_large_enough(page: Page) -> None:
    small = []
    for path in ("/vms/", "/hosts/", "/jobs/"):
        page.goto(path)
        for each in page.locator("main button:visible, main summary:visible").all():
            box = each.bounding_box()
            if box and (box["width"] < LEAST_PX or box["height"] < LEAST_PX):
                small.append(f"{path}: {each.inner_text() or each.get_attribute('aria-label')} {box}")

    assert not small, "\n".join(small)
