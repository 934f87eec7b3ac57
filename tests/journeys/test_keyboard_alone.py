"""A whole move by keyboard alone, from signing in to the page of the finished job: no mouse, the focus always seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.browser import DESK
from tests.journeys.keyboard import focused, tab_to
from tests.served import Served

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]  # the console of this folder has a database


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    server = Served(tmp_path / "var")
    server.start()
    yield server
    server.process.kill()
    server.lab.destroy()


@pytest.fixture
def page(served: Served, browser: Browser) -> Page:
    page = browser.new_context(viewport=DESK, base_url=served.address).new_page()
    page.goto("/")
    return page


def test_a_move_from_the_sign_in_to_the_finished_job(served: Served, page: Page) -> None:
    sign_in(page, served.password)
    open_wizard(page, "WEB01")

    choose_host(page, "HV02")
    for heading in ("path", "networks", "Summary"):
        press(page, page.get_by_role("button", name="Next"))
        expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(heading, re.IGNORECASE))
    press(page, page.get_by_role("button", name="Move", exact=True))

    expect(page.get_by_role("heading", level=1)).to_contain_text("WEB01")
    limit = page.get_by_role("link", name="Log")
    tab_to(page, limit)
    expect(page.locator("#job-sentence")).to_contain_text("was moved and runs on HV02", timeout=60_000)
    expect(limit).to_be_focused()
    assert focused(page)


def sign_in(page: Page, password: str) -> None:
    tab_to(page, page.get_by_label("User name"))
    page.keyboard.type("admin")
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/vms/")


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


def press(page: Page, wanted: Locator) -> None:
    tab_to(page, wanted)
    page.keyboard.press("Enter")
