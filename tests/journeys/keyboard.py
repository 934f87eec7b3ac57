"""Somebody who uses the keyboard alone: goes by Tab, and sees at every stop where he is."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page

MOST_STOPS = 120

# What has the focus; "" when nothing has it, or when nothing shows it.
_SEEN = """() => {
  const at = document.activeElement;
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
