"""Every page with names that are markup, right-to-left, emoji, as long as can be: it stays whole, and runs nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from hosts.access import Role
from tests.console.test_permissions import Keys, keys_of
from tests.journeys.browser import DESK, PHONE, Desk
from tests.journeys.estate import estate
from tests.journeys.hostile import give_hostile_names
from tests.journeys.pages import FOR_STRANGERS
from tests.journeys.test_every_page import overhang, paths
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Panes that scroll sideways: at a desk none but lists, whose columns are many, and the script of a move.
SIDEWAYS = """() => [...document.querySelectorAll("body *")]
  .filter((box) => /auto|scroll/.test(getComputedStyle(box).overflowX) && box.scrollWidth > box.clientWidth + 1)
  .filter((box) => !box.matches(".grid-box, .log, .script-text, input, textarea"))
  .map((box) => {
    const edge = box.getBoundingClientRect().right;
    const wide = [...box.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > edge + 1).at(-1);
    return `${box.className} scrolls by ${box.scrollWidth - box.clientWidth} px: ${wide?.outerHTML.slice(0, 100)}`;
  })"""


@pytest.fixture
def keys(transactional_db: None) -> Keys:
    found = keys_of(estate())
    person("anna", Role.ADMINISTRATOR)
    give_hostile_names()
    return found


def test_every_page_stays_whole_and_runs_nothing(browser: Browser, address: str, keys: Keys) -> None:
    desk = Desk(browser, address, person("administrator", Role.ADMINISTRATOR), "light", DESK)

    found = [
        f"{path}: {problem}"
        for name, path in paths(keys)
        if name not in FOR_STRANGERS
        for problem in problems_of(desk, path)
    ]

    assert not found, "\n".join(found)


def problems_of(desk: Desk, path: str) -> list[str]:
    """A theme is nothing but colours, and those of names are looked at on every page: each size has one."""
    desk.page.set_viewport_size(DESK)
    desk.page.emulate_media(color_scheme="light")
    answer = desk.page.goto(path)
    assert answer is not None
    problems = [] if answer.status == 200 else [f"answered by {answer.status}"]
    problems += ["a name was taken for markup"] if desk.page.locator("blink").count() else []
    problems += [*overhang(desk), *desk.page.evaluate(SIDEWAYS)]
    desk.page.set_viewport_size(PHONE)
    desk.page.emulate_media(color_scheme="dark")
    problems += [f"on a phone, dark, {each}" for each in overhang(desk)]
    said, desk.complaints[:] = desk.complaints[:], []
    return [*problems, *said]
