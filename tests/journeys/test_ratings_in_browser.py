"""Ratings and loads in a real browser: the click on a host, the dialog, the filter."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from hosts.access import Role
from hosts.models import ThoroughCheck
from hosts.placement_defaults import placement_defaults
from migrations_app.models import MigrationJob
from tests.hosts.fleet import hours
from tests.journeys.browser import DESK, Desk
from tests.journeys.rows import moved_vm
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def job() -> MigrationJob:
    """WEB01 was moved from HV01 to HV02."""
    made = moved_vm()
    assert made.source is not None
    hours(made.source, 10, 40, 30)
    return made


def desk_of(browser: Browser, address: str) -> Desk:
    return Desk(browser, address, person("anna", Role.ADMINISTRATOR), "light", DESK)


def test_a_click_on_a_host_checks_it_and_shows_what_is_different(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    desk = desk_of(browser, address)
    page = select_host(desk, job)

    page.get_by_role("row", name=re.compile("HV01.*All Hosts")).click()
    expect(page.locator("#about")).to_contain_text("HV02 and HV01 are being asked now.")
    finish_check()

    expect(page.locator("#about")).to_contain_text("HV01 has less memory available.", timeout=5000)
    expect(page.locator("#announcer")).to_contain_text("The thorough check of HV01 is done: 1.5 stars.")
    expect(page).to_have_url(re.compile(f"target={job.source_id}.*check="))
    assert desk.barriers() == ""
    assert desk.complaints == []


def test_the_keyboard_chooses_a_host_and_a_tab_and_keeps_the_focus(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    page = select_host(desk_of(browser, address), job)
    page.locator("[name=target]:checked").focus()

    page.keyboard.press("ArrowDown")
    expect(page.locator("#about h2")).to_have_text("HV02")
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    page.locator("#tab-details").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#about")).to_contain_text("Virtual networks")
    expect(page.locator("#tab-details")).to_be_focused()


def test_the_dialog_rates_anew_and_the_address_keeps_it(browser: Browser, address: str, job: MigrationJob) -> None:
    desk = desk_of(browser, address)
    page = select_host(desk, job)

    page.get_by_role("link", name="Customize ratings").click()
    page.get_by_label("CPU", exact=True).focus()
    page.keyboard.press("End")
    expect(page.locator("output[for=id_w_cpu]")).to_have_text("10")
    assert desk.barriers() == ""
    page.get_by_role("button", name="Rate anew").click()

    expect(page).to_have_url(re.compile("w_cpu=10"))
    expect(page.get_by_role("link", name="Customize ratings")).to_contain_text("changed")


def test_an_administrator_saves_what_the_dialog_says_as_the_default(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    page = select_host(desk_of(browser, address), job)

    page.get_by_role("link", name="Customize ratings").click()
    page.get_by_label("CPU", exact=True).fill("9")
    page.get_by_role("button", name="Save as default").click()
    page.get_by_role("button", name="Store").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Select the host")
    assert placement_defaults().cpu_weight == 9


def test_the_filter_answers_while_typing_and_keeps_its_cursor(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    page = select_host(desk_of(browser, address), job)

    page.locator("#host-q").press_sequentially("hv01")

    expect(page.get_by_role("radio", name=re.compile("^HV"))).to_have_count(1)
    expect(page.locator("#host-q")).to_be_focused()
    expect(page).to_have_url(re.compile("q=hv01"))


def test_without_scripts_the_chosen_host_is_explained_by_the_server(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    desk = desk_of(browser, address)
    desk.page.route("**/*.js", lambda route: route.abort())
    page = select_host(desk, job)

    page.get_by_role("radio", name="HV02").check()
    page.get_by_role("button", name="Explain the chosen host").click()

    expect(page.locator("#about h2")).to_have_text("HV02")
    expect(page.locator("#about")).to_contain_text("WEB01 is on HV02 already.")
    page.get_by_role("link", name="Customize ratings").click()
    expect(page.get_by_role("button", name="Rate anew")).to_be_visible()


def select_host(desk: Desk, job: MigrationJob) -> Page:
    desk.page.context.set_default_timeout(10_000)
    return desk.open(f"/vms/{job.vm_id}/migrate/host/")


def finish_check() -> None:
    """What a worker writes."""
    now = timezone.now()
    result = {
        "asked_at": now.isoformat(),
        "cheap_stars": 3.0,
        "stars": 1.5,
        "findings": [{"level": "warning", "text": "HV01 has little space.", "action": "Free some."}],
        "differences": ["HV01 has less memory available."],
    }
    ThoroughCheck.objects.update(state="done", result=result, done_at=now)
