"""A new user in a real browser: sign in, right-click, wizard, Move, watch the job live to its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from lab.hyperv.checker import await_answer, prove
from tests.journeys.wizard import choose_host, signed_in_page
from tests.served import Served

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]  # the console of this folder has a database

END_MS = 60_000


@pytest.fixture
def served(migrated_var: Path) -> Iterator[Served]:
    server = Served(migrated_var)
    server.start()
    yield server
    server.process.kill()
    server.lab.destroy()


@pytest.fixture
def page(served: Served, browser: Browser) -> Page:
    return signed_in_page(browser, served)


def test_from_the_context_menu_to_the_finished_job(served: Served, page: Page) -> None:
    before = await_answer(served.lab.guest_address("WEB01"))

    page.get_by_role("link", name="WEB01", exact=True).first.click(button="right")
    page.get_by_role("menuitem", name="Migrate").click()
    page.get_by_role("link", name="Yes").click()
    choose_host(page, "HV02")
    page.get_by_role("button", name="Move", exact=True).click()

    _expect_completed(page)
    proof = prove(served.lab, "WEB01", before)
    assert proof.holds, str(proof)
    assert served.lab.running("WEB01") == ["HV02"]
    page.goto("/vms/")
    expect(page.get_by_role("row", name=re.compile("WEB01"))).to_contain_text("HV02")


def test_the_log_is_whole_after_the_connection_was_lost(served: Served, page: Page) -> None:
    served.lab.host("HV02").slow_copy(25_000_000, times=9)
    served.sign_in()
    job = served.order_move("WEB01", "HV02")
    sockets: list[WebSocketRoute] = []
    page.route_web_socket(re.compile("/ws/jobs/"), lambda socket: _pass_on(socket, sockets))
    page.goto(f"/jobs/{job}/")
    expect(page.locator("[data-seq]").nth(2)).to_be_attached()

    sockets[0].close(code=1011)

    _expect_completed(page)
    assert len(sockets) > 1
    last = int(served.value("SELECT last_event FROM migrations_app_migrationjob WHERE id=?", job))
    lines = page.locator("li[data-seq], tr[data-seq]")
    expect(lines).to_have_count(last)
    shown = [int(each.get_attribute("data-seq") or 0) for each in lines.all()]
    assert sorted(shown) == list(range(1, last + 1))


def test_cancel_in_the_wizard_leaves_no_trace(served: Served, page: Page) -> None:
    page.get_by_role("link", name="WEB01", exact=True).first.click(button="right")
    page.get_by_role("menuitem", name="Migrate").click()
    page.get_by_role("link", name="Yes").click()
    choose_host(page, "HV02")

    page.get_by_role("link", name="Cancel", exact=True).click()

    assert served.value("SELECT count(*) FROM migrations_app_migrationjob") == "0"
    assert served.lab.host("HV01").vm("WEB01").notes == ""


def _pass_on(socket: WebSocketRoute, sockets: list[WebSocketRoute]) -> None:
    socket.connect_to_server()
    sockets.append(socket)


def _expect_completed(page: Page) -> None:
    """The page says so by itself, without being loaded again."""
    expect(page.locator("#job-sentence")).to_contain_text("was moved and runs on HV02", timeout=END_MS)
