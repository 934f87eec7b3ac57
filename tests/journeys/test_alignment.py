"""What an eye sees at once and a machine can measure: no figure is cut, and what belongs together is in line."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, ViewportSize

from hosts.access import Role
from migrations_app.models import MigrationJob
from tests.journeys.browser import DESK, Desk
from tests.journeys.estate import estate
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ADMINISTRATION = ("placement", "move-defaults", "retention", "audit-log", "group-list", "about")
# Whatever reaches out of its part of the strip, or is longer than its place; names may be cut, and what waits.
CUT_IN_THE_STRIP = """() => [...document.querySelectorAll(".strip-job > span:not(.name, .clip)")].filter((figure) => {
  const [mine, part] = [figure, figure.parentElement].map((each) => each.getBoundingClientRect());
  const seen = document.elementFromPoint(mine.right - 1, mine.top + mine.height / 2);
  return mine.right > part.right || !figure.parentElement.contains(seen);
}).map((figure) => figure.textContent)"""


@pytest.fixture
def done(transactional_db: None) -> MigrationJob:
    return estate()


def opened(browser: Browser, address: str, path: str) -> Page:
    return Desk(browser, address, person("anna", Role.ADMINISTRATOR), "light", DESK).open(path)


def box(page: Page, what: str) -> dict[str, Any]:
    found = page.locator(what).first.bounding_box()
    assert found is not None, what
    return dict(found)


@pytest.mark.usefixtures("done")
def test_the_strip_cuts_no_figure_of_two_jobs_and_one_that_waits(browser: Browser, address: str) -> None:
    page = opened(browser, address, "/hosts/")

    assert page.locator(".strip-job").count() == 4
    assert page.evaluate(CUT_IN_THE_STRIP) == []


def test_the_rate_of_a_job_is_drawn_as_wide_as_its_card(browser: Browser, address: str, done: MigrationJob) -> None:
    page = opened(browser, address, f"/jobs/{done.pk}/")

    assert box(page, "#job-rate .load-picture")["width"] > 0.9 * box(page, "#job-rate")["width"]


def test_what_retention_deletes_is_in_line_with_the_other_cards(browser: Browser, address: str) -> None:
    page = opened(browser, address, reverse("retention"))

    indent = [
        box(page, f".card:has-text('{card}') {what}")["x"] - box(page, f".card:has-text('{card}')")["x"]
        for card, what in (("Loads of hosts", "label"), ("the next runs delete", "li"))
    ]
    assert indent[0] == indent[1]


def test_the_tabs_of_administration_stand_still(browser: Browser, address: str) -> None:
    page = opened(browser, address, reverse("user-list"))
    places = [box(page, ".tabs")]

    for name in ADMINISTRATION:
        page.goto(reverse(name))
        places.append(box(page, ".tabs"))

    assert all(place == places[0] for place in places), places


def test_the_tools_of_the_list_are_in_one_row(browser: Browser, address: str, done: MigrationJob) -> None:
    page = opened(browser, address, f"/vms/?selected={done.vm_id}")
    page.set_viewport_size(ViewportSize(width=DESK["width"] - 60, height=DESK["height"]))  # as a longer title leaves

    tops = page.evaluate(
        "[...document.querySelectorAll('.toolbar > *')].map((tool) => tool.getBoundingClientRect().top)"
    )
    assert max(tops) - min(tops) < 20
