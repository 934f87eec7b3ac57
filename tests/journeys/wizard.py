"""Through the Migrate wizard in a real browser, as a person goes."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.journeys.browser import DESK
from tests.served import Served


def signed_in_page(browser: Browser, served: Served, name: str = "admin") -> Page:
    """The first page of the user; without a name the list of virtual machines, for the first administrator."""
    page = browser.new_context(viewport=DESK, base_url=served.address).new_page()
    page.goto("/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(served.password_of(name))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/sign-in/" not in address)
    page.wait_for_load_state("networkidle")
    return page


def choose_host(page: Page, host: str) -> None:
    """From the list of hosts to the summary, with the presets."""
    page.get_by_role("row", name=re.compile(host)).get_by_role("radio").check()
    for heading in ("path", "networks", "Summary"):
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(heading, re.IGNORECASE))
