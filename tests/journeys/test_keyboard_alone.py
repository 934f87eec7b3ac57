"""A whole move by keyboard alone, from signing in to the page of the finished job: no mouse, the focus always seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.browser import DESK
from tests.journeys.keyboard import choose_host, focused, open_wizard, order_move, sign_in, tab_to
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
    sign_in(page, "admin", served.password)
    open_wizard(page, "WEB01")
    choose_host(page, "HV02")
    order_move(page)

    expect(page.get_by_role("heading", level=1)).to_contain_text("WEB01")
    limit = page.get_by_role("link", name="Log")
    tab_to(page, limit)
    expect(page.locator("#job-sentence")).to_contain_text("was moved and runs on HV02", timeout=60_000)
    expect(limit).to_be_focused()
    assert focused(page)
