"""Several rows dragged at once, a panel that cannot be fetched, and what is said to who listens, in a real browser."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from hosts.access import Role
from hosts.models import Host, PowerOrder, VirtualMachine
from migrations_app.models import MigrationJob, MoveBatch
from tests.journeys.browser import DESK, Desk
from tests.people import person

pytestmark = pytest.mark.browser

# What the browser would draw beside the pointer; Playwright's own drag has none.
NOTES_IMAGES = "void (DataTransfer.prototype.setDragImage = (image) => (window.image = image.textContent))"


@pytest.fixture
def anna(transactional_db: None) -> User:
    return person("anna", Role.OPERATOR)


@pytest.fixture
def desk(browser: Browser, address: str, job: MigrationJob, anna: User) -> Desk:
    """WEB01, A1, A2 and A3 are on HV02; HV01 is empty."""
    assert job.vm is not None
    for name in ("A1", "A2", "A3"):
        VirtualMachine.objects.create(
            host=Host.objects.get(name="HV02"), uid=name, name=name, state="off", version="10.0", folder=f"D:\\{name}"
        )
    return Desk(browser, address, anna, "light", DESK)


def row(name: str) -> str:
    return f"#vm-row-{VirtualMachine.objects.get(name=name).pk}"


def check(page: Page, *names: str) -> None:
    for name in names:
        page.check(f"{row(name)} [data-pick]")


def test_checked_rows_are_dragged_together_and_become_a_plan(desk: Desk) -> None:
    target = Host.objects.get(name="HV01")
    page = desk.open("/vms/")
    page.evaluate(NOTES_IMAGES)
    check(page, "A1", "A2")

    page.locator(row("A1")).dispatch_event("dragstart", {"dataTransfer": page.evaluate_handle("new DataTransfer()")})
    assert page.evaluate("window.image") == "2 virtual machines"
    page.drag_and_drop(f"{row('A1')} th", f"#tree-host-{target.pk}")
    page.wait_for_url("**/jobs/plans/*/")

    entries = MoveBatch.objects.get().entries
    assert set(entries.values_list("vm_name", "target_name")) == {("A1", "HV01"), ("A2", "HV01")}


def test_a_row_that_is_not_checked_is_dragged_alone(desk: Desk) -> None:
    page = desk.open("/vms/")
    check(page, "A1", "A2")

    page.drag_and_drop(f"{row('A3')} th", f"#tree-host-{Host.objects.get(name='HV01').pk}")
    page.wait_for_url("**/migrate/host/?target=*")

    assert not MoveBatch.objects.exists()


def test_a_panel_that_cannot_be_fetched_says_so_and_is_fetched_again(desk: Desk, job: MigrationJob) -> None:
    page = desk.open(f"/vms/{job.vm_id}/migrate/host/")
    own = Host.objects.get(name="HV02")
    page.check(f"#host-{own.pk}")
    expect(page.locator("button[form=wizard-form]")).to_be_disabled()
    page.route("**/migrate/host/about/**", lambda route: route.abort())

    page.check(f"#host-{Host.objects.get(name='HV01').pk}")
    expect(page.locator("#about")).to_contain_text("could not be fetched")
    expect(page.locator("button[form=wizard-form]")).to_be_enabled()
    page.unroute("**/migrate/host/about/**")
    page.click("[data-asks-again]")

    expect(page.locator("#about h2")).to_have_text("HV01")


def ordered(vm: str, by: User) -> PowerOrder:
    order = PowerOrder.objects.create(vm=VirtualMachine.objects.get(name=vm), verb="start", asked_by=by)
    VirtualMachine.objects.filter(name=vm).update(activity="starting")
    return order


def done(order: PowerOrder) -> None:
    VirtualMachine.objects.filter(pk=order.vm_id).update(activity="", state="running")
    PowerOrder.objects.filter(pk=order.pk).update(state="done", ended_at=timezone.now())


def test_what_became_of_ones_own_orders_and_jobs_is_announced_and_of_no_others(
    desk: Desk, job: MigrationJob, anna: User
) -> None:
    orders = [ordered("A1", anna), ordered("A2", person("other", Role.OPERATOR))]
    page = desk.open("/vms/")
    expect(page.locator(row("A1"))).to_contain_text("Starting")
    page.focus("#filter")

    for order in orders:
        done(order)
    expect(page.locator("#announcer")).to_have_text("A1: Running", timeout=10_000)
    MigrationJob.objects.filter(pk=job.pk).update(created_by=anna, status="failed", version=900)
    expect(page.locator("#announcer")).to_have_text(re.compile("The move of WEB01 failed."), timeout=10_000)

    expect(page.locator("#filter")).to_be_focused()
