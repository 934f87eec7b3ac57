"""Every page in a real browser, light and dark, on a desk and on a phone: open to everybody, and quiet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest
from django.urls import get_resolver, reverse
from playwright.sync_api import Browser

from hosts.access import Role
from tests.console.permissions import PAGES as PERMISSIONS
from tests.console.test_permissions import Keys, keys_of, patterns
from tests.journeys.barriers import barriers
from tests.journeys.browser import DESK, PHONE, Desk
from tests.journeys.estate import estate
from tests.journeys.pages import FOR_STRANGERS, NO_PAGES, PAGES
from tests.people import person

LOOKS = [("light", DESK), ("light", PHONE), ("dark", DESK)]
# A theme is nothing but colours: in the second one axe looks at their contrast and this alone, and once.
RULES: dict[str, tuple[str, ...]] = {"light": (), "dark": ("link-in-text-block",)}

# Of a script's two thousand lines, which are all alike, sixty: axe would look at each for itself.
WITHOUT_THE_LIKE = """
document.querySelectorAll("#script-text > span:not([id]):nth-of-type(n + 60)").forEach((line) => line.remove())"""

# What a hand cannot reach: it is outside of something that cuts, and that nobody can scroll.
CUT_OFF = """() => [...document.querySelectorAll("button, select, input, a.btn")].filter((control) => {
  const right = control.getBoundingClientRect().right;
  if (!control.checkVisibility() || control.closest(".hidden-text")) return false;
  for (let around = control.parentElement; around; around = around.parentElement) {
    const how = getComputedStyle(around).overflowX;
    if (how === "auto" || how === "scroll") return false;
    if (how !== "visible" && right > around.getBoundingClientRect().right + 1) return true;
  }
  return false;
}).map((control) => `cut off: ${control.outerHTML.slice(0, 160)}`)"""


@pytest.fixture
def keys(transactional_db: None) -> Keys:
    return keys_of(estate())


def test_every_address_that_answers_a_get_is_in_the_table() -> None:
    asked = {name for name, page in PERMISSIONS.items() if page.get is not None}
    names = {str(pattern.name) for pattern in patterns(get_resolver().url_patterns)} & (asked | FOR_STRANGERS)

    assert names == (PAGES.keys() | NO_PAGES.keys()) - {"sign-out"}
    assert PAGES.keys() & NO_PAGES.keys() == set()


@pytest.mark.browser
def test_every_page_is_quiet_and_open_to_everybody(browser: Browser, address: str, keys: Keys) -> None:
    desk = Desk(browser, address, person("anna", Role.ADMINISTRATOR), "light", DESK)
    stranger = Desk(browser, address, None, "light", DESK)

    found = [
        f"{path} ({', '.join(looks)}): {problem}"
        for name, path in paths(keys)
        for problem, looks in problems_of(stranger if name in FOR_STRANGERS else desk, path).items()
    ]

    assert not found, "\n".join(found)


def paths(keys: Keys) -> Iterator[tuple[str, str]]:
    known = {about: each.get("pk") for about, each in keys.items()}
    for name, queries in PAGES.items():
        page = PERMISSIONS.get(name)
        for query in queries:
            yield name, reverse(name, kwargs=keys[page.about if page else ""]) + query.format(**known)


def problems_of(desk: Desk, path: str) -> dict[str, list[str]]:
    """What is wrong with the page, and in which looks."""
    answer = desk.page.goto(path)
    assert answer is not None
    assert answer.status == 200, path
    if desk.page.locator("#live").count():  # what the websocket sends is part of the page
        desk.page.locator("#live[data-state=live]").wait_for(state="attached")
    desk.page.evaluate(WITHOUT_THE_LIKE)
    problems = defaultdict(list)
    for theme, size in LOOKS:
        desk.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        desk.page.set_viewport_size(size)
        for problem in [*barriers(desk.page, RULES[theme]), *overhang(desk), *desk.page.evaluate(CUT_OFF)]:
            problems[problem].append(f"{theme} {size['width']}")
    said, desk.complaints[:] = desk.complaints[:], []
    return {**problems, **{complaint: ["console"] for complaint in said}}


def overhang(desk: Desk) -> list[str]:
    return [f"{over} px wider than the window"] if (over := desk.overhang_px()) > 0 else []
