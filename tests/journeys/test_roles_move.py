"""Operators and the help desk before a real lab: a move of one's own groups, and one that somebody else ordered."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from lab.hyperv.checker import await_answer, prove
from tests.journeys import keyboard, wizard
from tests.journeys.browser import DESK
from tests.journeys.roles import HIDDEN_HOST, HIDDEN_VM, other_end, served_with_groups
from tests.served import Served

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]  # the console of this folder has a database

END_MS = 60_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_with_groups(tmp_path_factory.mktemp("roles") / "var") as started:
        yield started


def test_an_operator_moves_a_vm_of_his_groups_by_mouse(served: Served, browser: Browser) -> None:
    before, target = await_answer(served.lab.guest_address("WEB01")), other_end(served, "WEB01")
    page = wizard.signed_in_page(browser, served, "operator")
    expect(page).to_have_url(re.compile("/vms/$"))
    _expect_berlin_alone(page)

    page.get_by_role("link", name="WEB01", exact=True).first.click(button="right")
    page.get_by_role("menuitem", name="Migrate").click()
    page.get_by_role("link", name="Yes").click()
    expect(page.locator("table.hosts")).not_to_contain_text(HIDDEN_HOST)
    wizard.choose_host(page, target)
    page.get_by_role("button", name="Move", exact=True).click()

    _expect_moved(page, "WEB01", target)
    assert prove(served.lab, "WEB01", before).holds
    assert served.lab.running("WEB01") == [target]


def test_an_operator_moves_a_vm_of_his_groups_by_keyboard_alone(served: Served, browser: Browser) -> None:
    target = other_end(served, "DB01")
    page = _by_keyboard(browser, served, "operator")

    keyboard.open_wizard(page, "DB01")
    keyboard.choose_host(page, target)
    keyboard.order_move(page)

    _expect_moved(page, "DB01", target)
    assert served.lab.running("DB01") == [target]


def test_the_help_desk_finds_a_job_by_mouse_and_watches_its_end(served: Served, browser: Browser) -> None:
    page, complaints = wizard.signed_in_page(browser, served, "helpdesk"), list[str]()
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    expect(page).to_have_url(re.compile("/jobs/$"))
    target, job = _order_held(served, "APP01")
    expect(_job_link(page, job)).to_be_visible()  # by itself
    expect(page.locator("#job-count")).to_have_text(served.value("SELECT count(*) FROM migrations_app_migrationjob"))
    expect(page.get_by_role("navigation", name="Which jobs")).not_to_contain_text("Mine")

    page.locator("#filter-vm").fill("app")
    expect(page).to_have_url(re.compile(r"\?vm=app$"))
    expect(page.locator("#job-rows tbody tr").filter(has_not_text="APP01")).to_have_count(0)
    _job_link(page, job).click()

    _expect_in_sync(page, "APP01")
    _expect_no_verb(page)
    served.post(f"jobs/{job}/cut-over/")

    _expect_moved(page, "APP01", target)
    _expect_no_verb(page)
    assert complaints == []


def test_the_help_desk_finds_a_job_by_keyboard_alone_and_watches_its_end(served: Served, browser: Browser) -> None:
    page = _by_keyboard(browser, served, "helpdesk")
    target, job = _order_held(served, "WEB01")

    keyboard.tab_to(page, page.locator("#filter-vm"))
    page.keyboard.type("web01")
    expect(page).to_have_url(re.compile(r"\?vm=web01$"))
    expect(page.locator("#filter-vm")).to_be_focused()
    keyboard.press(page, _job_link(page, job))
    page.wait_for_url("**/jobs/*/")
    keyboard.tab_to(page, page.locator("#job-log"))
    _expect_in_sync(page, "WEB01")
    served.post(f"jobs/{job}/cut-over/")

    _expect_moved(page, "WEB01", target)
    expect(page.locator("#job-log")).to_be_focused()


def test_a_host_outside_of_his_groups_is_refused_to_an_operator(served: Served, browser: Browser) -> None:
    page = wizard.signed_in_page(browser, served, "operator")
    vm, hidden = served.key_of("virtualmachine", "WEB01"), served.key_of("host", HIDDEN_HOST)

    for path in (f"/vms/{vm}/migrate/path/?target={hidden}", f"/hosts/{hidden}/", f"/hosts/{hidden}/menu/"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 403
        expect(page.locator("main")).to_contain_text("not in your host groups. You are an operator of Berlin.")


def _by_keyboard(browser: Browser, served: Served, name: str) -> Page:
    page = browser.new_context(viewport=DESK, base_url=served.address).new_page()
    page.goto("/")
    keyboard.sign_in(page, name, served.password_of(name))
    return page


def _expect_berlin_alone(page: Page) -> None:
    tree = page.get_by_role("tree")
    expect(tree.get_by_role("treeitem", name=re.compile("HV0"))).to_have_count(2)
    expect(page.locator("#vm-rows")).to_contain_text("WEB01")
    expect(page.locator("body")).not_to_contain_text(HIDDEN_HOST)
    expect(page.locator("body")).not_to_contain_text(HIDDEN_VM)


def _order_held(served: Served, vm: str) -> tuple[str, int]:
    """As an administrator, to the other host of the group, with the cut-over when he says so; host and job."""
    target = other_end(served, vm)
    return target, served.order_move(vm, target, cut="ask")


def _job_link(page: Page, job: int) -> Locator:
    return page.locator(f"#job-{job}-name")


def _expect_no_verb(page: Page) -> None:
    expect(page.locator("#job-actions [id^=verb-]")).not_to_have_count(0)
    expect(page.locator("#job-actions [id^=verb-]:not([aria-disabled=true])")).to_have_count(0)
    expect(page.locator("#actions")).to_contain_text("Your role is Help Desk")
    expect(page.locator("#actions form")).to_have_count(0)


def _expect_in_sync(page: Page, vm: str) -> None:
    expect(page.locator("#job-sentence")).to_contain_text(
        re.compile(f"{vm} keeps running on .* and is kept in sync"), timeout=END_MS
    )


def _expect_moved(page: Page, vm: str, host: str) -> None:
    """The page says so by itself, without being loaded again."""
    expect(page.locator("#job-sentence")).to_contain_text(f"{vm} was moved and runs on {host}", timeout=END_MS)
