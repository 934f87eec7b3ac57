"""Columns of the lists in a real browser: hidden, made wider, kept, and given back; by mouse and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from hosts.access import Role
from hosts.models import VirtualMachine
from migrations_app.models import MigrationJob
from tests.journeys.browser import DESK, PHONE, Desk
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("job")]


@pytest.fixture
def desk(browser: Browser, address: str) -> Desk:
    return Desk(browser, address, person("anna", Role.OPERATOR), "light", DESK)


def head(page: Page, name: str) -> Locator:
    return page.locator(f"th[data-column={name}]")


def width(found: Locator) -> float:
    return float(found.evaluate("head => head.offsetWidth"))


@pytest.mark.parametrize(("path", "column"), [("/vms/", "Host"), ("/hosts/", "CPU"), ("/jobs/", "Owner")])
def test_a_column_is_hidden_by_keyboard_and_stays_hidden(desk: Desk, path: str, column: str) -> None:
    page = desk.open(path)
    page.locator("#columns").focus()
    page.keyboard.press("Enter")
    page.get_by_label(column, exact=True).focus()

    page.keyboard.press("Space")
    assert desk.barriers() == ""
    page.keyboard.press("Escape")
    expect(page.locator("#columns")).to_be_focused()
    page.reload()

    expect(page.get_by_role("columnheader", name=column, exact=True)).to_be_hidden()
    expect(page.get_by_role("columnheader", name="Name")).to_be_visible()
    assert desk.complaints == []


def test_a_hidden_column_stays_hidden_in_a_list_that_is_filtered_and_sorted(desk: Desk) -> None:
    page = desk.open("/vms/")
    page.locator("#columns").click()
    page.get_by_label("Memory", exact=True).uncheck()
    page.keyboard.press("Escape")

    page.locator("#filter").press_sequentially("web")
    expect(page.locator("#columns")).to_be_visible()
    sorts = page.get_by_role("columnheader", name="Name").get_by_role("link")
    expect(sorts).to_have_attribute("href", "?q=web&sort=-name")
    sorts.click()

    expect(page).to_have_url("/vms/?q=web&sort=-name")
    expect(head(page, "memory")).to_be_hidden()
    expect(page.locator("tbody td").filter(has_text="4 GB")).to_be_hidden()


def test_the_edge_of_a_head_is_drawn_and_a_double_click_gives_the_width_back(desk: Desk) -> None:
    page = desk.open("/vms/")
    before = width(head(page, "host"))
    box = head(page, "host").bounding_box()
    assert box is not None
    edge = (box["x"] + box["width"] - 3, box["y"] + 8)

    page.mouse.move(*edge)
    page.mouse.down()
    page.mouse.move(edge[0] + 80, edge[1])
    page.mouse.up()
    assert width(head(page, "host")) == pytest.approx(before + 80, abs=3)
    page.mouse.dblclick(edge[0] + 80, edge[1])

    assert width(head(page, "host")) == pytest.approx(before, abs=3)
    expect(page).to_have_url("/vms/")


def test_the_keyboard_makes_a_column_wider_and_all_come_back_as_they_were(desk: Desk) -> None:
    page = desk.open("/vms/")
    before = width(head(page, "host"))
    page.locator("#columns").click()

    page.get_by_label("Width of Host").focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    assert width(head(page, "host")) > before + 40
    page.get_by_role("button", name="As they were").click()

    assert width(head(page, "host")) == pytest.approx(before, abs=3)
    expect(page.get_by_role("button", name="As they were")).to_be_focused()


def test_what_comes_live_keeps_to_the_columns(desk: Desk, job: MigrationJob) -> None:
    page = desk.open("/vms/")
    page.locator("#columns").click()
    page.get_by_label("Job status", exact=True).uncheck()
    page.keyboard.press("Escape")

    VirtualMachine.objects.filter(name="WEB01").update(activity="under-migration")
    MigrationJob.objects.filter(pk=job.pk).update(status="running", percent=37, version=999, ended_at=None)

    expect(page.locator(f"#vm-{job.vm_id}-status")).to_contain_text("37 %", timeout=10_000)
    expect(page.locator(f"#vm-{job.vm_id}-job")).to_be_hidden()


def test_the_panel_fits_on_a_phone_and_what_was_kept_badly_does_no_harm(browser: Browser, address: str) -> None:
    desk = Desk(browser, address, person("anna", Role.OPERATOR), "dark", PHONE)
    desk.page.add_init_script('localStorage.setItem(\'ferry-columns-vms\', \'{"hidden": 7, "widths": "x"\')')
    page = desk.open("/vms/")

    page.locator("#columns").click()

    expect(page.get_by_role("dialog", name="Columns")).to_be_in_viewport(ratio=1)
    assert (desk.barriers(), desk.overhang_px(), desk.complaints) == ("", 0, [])
