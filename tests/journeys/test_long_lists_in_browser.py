"""Lists that are longer than a page, in a real browser: they go on, and nothing jumps."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from console.vm_rows import PAGE_SIZE
from hosts.access import Role
from hosts.models import Host, VirtualMachine
from hosts.providers.types import Secret
from migrations_app.models import MigrationJob
from tests.hosts.fleet import group
from tests.journeys.browser import DESK, Desk
from tests.journeys.rows import moved_vm
from tests.migrations_app.past_jobs import past_job
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MANY = 129
RUNNING: dict[str, Any] = {
    "status": "running",
    "percent": 37,
    "ended_at": None,
    "outage_began_at": None,
    "outage_ended_at": None,
}
LISTS = [("/vms/", "#vm-rows"), ("/hosts/", "#host-rows"), ("/jobs/?q=VM", "#job-rows")]


@pytest.fixture
def hosts(transactional_db: None) -> dict[str, Host]:
    """HV01 has most of the virtual machines; the group Far has most of the hosts."""
    moved_vm()
    near, far = Host.objects.get(name="HV01"), group("Far")
    names = [f"VM{number:03}" for number in range(MANY)]
    VirtualMachine.objects.bulk_create(
        VirtualMachine(host=near, uid=name, name=name, state="running", folder=f"D:\\{name}") for name in names
    )
    Host.objects.bulk_create(
        Host(name=f"KV{number:03}", group=far, address="kv", password=Secret("x"), state="responding")
        for number in range(MANY)
    )
    for name in names:
        past_job(near, Host.objects.get(name="HV02"), vm_name=name, vm_uid=name, vm=None)
    return {host.name: host for host in Host.objects.all()}


@pytest.fixture
def desk(browser: Browser, address: str, hosts: dict[str, Host]) -> Desk:
    return Desk(browser, address, person("anna", Role.OPERATOR), "light", DESK)


def scroll_to_the_end(page: Page) -> None:
    page.locator(".grid-box").evaluate("box => box.scrollTo(0, box.scrollHeight)")


def scroll_through(page: Page, rows: str, count: int) -> None:
    """Until the list has so many rows."""
    found = page.locator(f"{rows} tbody tr")
    while (shown := found.count()) < count:
        scroll_to_the_end(page)
        expect(found.nth(shown)).to_be_attached()


def row_of(page: Page, name: str) -> str:
    pk = VirtualMachine.objects.get(name=name).pk
    scroll_through(page, "#vm-rows", MANY + 1)
    return f"#vm-row-{pk}"


def top_of(found: Locator) -> float:
    return float(found.evaluate("element => element.getBoundingClientRect().top"))


@pytest.mark.parametrize(("path", "rows"), LISTS)
def test_a_list_goes_on_at_its_end_and_neither_scrolls_nor_takes_the_focus(desk: Desk, path: str, rows: str) -> None:
    page = desk.open(path)
    count = int(page.locator("h1 .count").inner_text())
    link = page.locator(f"{rows} tbody th a").nth(3)
    link.focus()
    before = page.locator(f"{rows} tbody tr").count()
    assert before < count

    scroll_to_the_end(page)
    expect(page.locator(f"{rows} tbody tr").nth(before)).to_be_attached()
    top = page.locator(".grid-box").evaluate("box => box.scrollTop + box.clientHeight")

    assert top < page.locator(".grid-box").evaluate("box => box.scrollHeight")
    expect(link).to_be_focused()
    scroll_through(page, rows, count)
    expect(page.locator("#pager")).to_contain_text(f"1 to {count} of {count}")
    assert page.locator(f"{rows} tbody tr").evaluate_all("rows => new Set(rows.map(row => row.id)).size") == count
    assert desk.complaints == []


def test_a_page_in_the_middle_has_an_address_and_goes_on_from_there(desk: Desk) -> None:
    page = desk.open("/vms/?page=2")
    expect(page.locator("#vm-rows tbody tr").first).to_contain_text(f"VM{PAGE_SIZE:03}")

    page.get_by_label("Page", exact=True).fill("1")
    page.keyboard.press("Enter")

    expect(page.locator("#vm-rows tbody tr").first).to_contain_text("VM000")
    assert desk.barriers() == ""


def test_what_comes_live_reaches_rows_that_came_later(desk: Desk, hosts: dict[str, Host]) -> None:
    page = desk.open("/vms/")
    row = row_of(page, "VM128")
    vm = VirtualMachine.objects.get(name="VM128")

    VirtualMachine.objects.filter(pk=vm.pk).update(activity="under-migration")
    past_job(hosts["HV01"], hosts["HV02"], vm_name=vm.name, vm_uid=vm.uid, vm=vm, **RUNNING)

    expect(page.locator(row)).to_contain_text("37 %", timeout=10_000)
    expect(page.locator(row)).to_contain_text("Under Migration")


def test_rows_that_came_later_have_their_menu_and_their_details(desk: Desk) -> None:
    page = desk.open("/vms/")
    row = page.locator(row_of(page, "VM128"))

    row.click(button="right")
    expect(page.locator("#row-menu")).to_contain_text("Migrate")
    page.keyboard.press("Escape")
    row.locator("td").nth(1).click()

    expect(page.locator("#vm-details")).to_contain_text("D:\\VM128")
    expect(page.locator("#vm-actions")).to_contain_text("VM128")
    expect(row).to_have_class("is-picked")
    expect(page.locator("tr.is-picked")).to_have_count(1)


def test_shift_and_ctrl_pick_over_what_came_later(desk: Desk) -> None:
    page = desk.open("/vms/")
    last = page.locator(row_of(page, "VM128"))

    page.locator("tr[data-name=VM010] td").nth(1).click(modifiers=["Control"])
    last.locator("td").nth(1).click(modifiers=["Shift"])
    expect(page.get_by_role("button", name="Migrate 119 selected…")).to_be_visible()
    page.locator("tr[data-name=VM100] td").nth(1).click(modifiers=["Control"])

    expect(page.get_by_role("button", name="Migrate 118 selected…")).to_be_visible()
    expect(page.locator("#vm-details")).to_be_hidden()
    assert page.evaluate("getSelection().toString()") == ""


def test_a_late_row_is_dragged_on_to_a_host_of_a_group_that_opens_under_it(desk: Desk, hosts: dict[str, Host]) -> None:
    page = desk.open("/vms/")
    row = row_of(page, "VM128")
    kv003 = hosts["KV003"]
    expect(page.locator(f"#tree-host-{kv003.pk}")).to_have_count(0)

    page.locator(f"#tree-group-{kv003.group_id}").dispatch_event("dragover")
    expect(page.locator(f"#tree-host-{kv003.pk}")).to_be_visible()
    page.drag_and_drop(row, f"#tree-host-{kv003.pk}")

    pk = VirtualMachine.objects.get(name="VM128").pk
    expect(page).to_have_url(f"/vms/{pk}/migrate/host/?target={kv003.pk}")


def test_a_group_of_a_large_tree_opens_by_keyboard_and_stays_open(desk: Desk, hosts: dict[str, Host]) -> None:
    page = desk.open("/vms/")
    folded = page.locator(f"#tree-group-{hosts['KV003'].group_id}")
    expect(folded).to_have_attribute("aria-expanded", "false")

    folded.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"#tree-host-{hosts['KV003'].pk}")).to_be_visible()
    assert desk.barriers() == ""
    page.goto("/jobs/")
    expect(page.locator(f"#tree-host-{hosts['KV003'].pk}")).to_be_visible()
    page.locator(f"#tree-group-{hosts['KV003'].group_id}").press("ArrowLeft")
    page.goto("/vms/")

    expect(page.locator(f"#tree-host-{hosts['KV003'].pk}")).to_have_count(0)


def test_a_new_job_comes_on_top_and_what_was_scrolled_to_stays(desk: Desk, hosts: dict[str, Host]) -> None:
    page = desk.open("/jobs/")
    scroll_through(page, "#job-rows", MANY + 1)
    page.locator(".grid-box").evaluate("box => box.scrollTo(0, 900)")
    seen = page.get_by_role("link", name="Move VM090", exact=False)
    before = top_of(seen)

    new = past_job(hosts["HV01"], hosts["HV02"], vm_name="NEW", vm_uid="NEW", **RUNNING)

    expect(page.locator(f"#job-row-{new.pk}")).to_be_attached(timeout=10_000)
    assert page.locator("#job-rows tbody tr").count() == MANY + 2
    expect(page.locator("h1 .count")).to_have_text(str(MANY + 2))
    assert top_of(seen) == before
    assert MigrationJob.objects.count() == MANY + 2


def test_without_scripts_the_pager_does_the_same(browser: Browser, address: str) -> None:
    desk = Desk(browser, address, person("anna", Role.OPERATOR), "light", DESK, has_scripts=False)
    page = desk.open("/vms/?sort=-name")

    page.get_by_role("link", name="Next").click()
    expect(page.locator("#vm-rows tbody tr").first).to_contain_text(f"VM{MANY - PAGE_SIZE:03}")
    page.get_by_label("Page", exact=True).fill("3")
    page.get_by_role("button", name="Go").click()

    expect(page).to_have_url("/vms/?sort=-name&page=3")
    expect(page.locator("#vm-rows tbody tr").first).to_contain_text(f"VM{MANY - 2 * PAGE_SIZE:03}")
