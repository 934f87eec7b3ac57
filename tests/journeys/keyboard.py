"""Somebody who uses the keyboard alone: goes by Tab, and sees at every stop where he is."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

MOST_STOPS = 120

# What has the focus; "" when nothing has it, or when nothing shows it. The button inside of a date field has a ring of
# the browser's, which no script sees.
_SEEN = """() => {
  const at = document.activeElement;
  if (at?.type === "date" && !at.matches(":focus")) return at.outerHTML.slice(0, 120);
  if (!at || at === document.body || !at.matches(":focus-visible")) return "";
  const style = getComputedStyle(at);
  const isShown = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
  return isShown ? at.outerHTML.slice(0, 120) : "";
}"""


def focused(page: Page) -> str:
    """The element with a focus that is seen, as HTML; "" for none."""
    return str(page.evaluate(_SEEN))


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Presses the key until the element has the focus, which is seen at every stop on the way."""
    stops: list[Any] = []
    for _ in range(MOST_STOPS):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
        stops.append(focused(page))
        assert stops[-1] or page.evaluate("document.activeElement === document.body"), (
            f"The focus is not seen after {stops[-2:]}: {page.evaluate('document.activeElement.outerHTML')[:160]}"
        )
    raise AssertionError(f"Not reached by {key}: {wanted}. Stops: {stops}")


def press(page: Page, wanted: Locator) -> None:
    tab_to(page, wanted)
    page.keyboard.press("Enter")


def sign_in(page: Page, name: str, password: str) -> None:
    tab_to(page, page.get_by_label("User name"))
    page.keyboard.type(name)
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/sign-in/" not in address)


def open_wizard(page: Page, vm: str) -> None:
    tab_to(page, page.get_by_role("row", name=re.compile(vm)).get_by_role("link", name=vm, exact=True))
    page.keyboard.press("Shift+F10")
    expect(page.get_by_role("menuitem", name="Migrate…")).to_be_focused()
    assert focused(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/migrate/")
    press(page, page.get_by_role("link", name="Yes"))
    page.wait_for_url("**/migrate/host/**")


def choose_host(page: Page, name: str) -> None:
    """By the arrow keys; then a tab of the panel, which is swapped under the focus."""
    wanted = page.get_by_role("radio", name=name, exact=True)
    tab_to(page, page.locator("[name=target]:checked"))
    page.keyboard.press("ArrowDown")
    expect(page.locator("#about h2")).not_to_have_text(name)
    page.keyboard.press("ArrowUp")
    expect(page.locator("#about h2")).to_have_text(name)
    expect(page.locator("#check")).to_contain_text("Checked thoroughly", timeout=20_000)
    expect(wanted).to_be_focused()
    press(page, page.locator("#tab-details"))
    expect(page.locator("#about")).to_contain_text("Virtual networks")
    expect(page.locator("#tab-details")).to_be_focused()
    assert focused(page)


def order_move(page: Page) -> None:
    """From the list of hosts over the summary, with the presets, to the page of the job."""
    for heading in ("path", "networks", "Summary"):
        press(page, page.get_by_role("button", name="Next"))
        expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(heading, re.IGNORECASE))
    press(page, page.get_by_role("button", name="Move", exact=True))
    page.wait_for_url("**/jobs/*/")
