"""A VM of the emulated lab is shut down and started again by its context menu; the worker is called by the test."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from hosts.access import Role
from migrations_app.power_work import carry_out, due_orders, follow_shut_downs
from tests.journeys.browser import DESK, Desk
from tests.lab_moves import LabMove, wait_until
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.lab]


def work() -> bool:
    """What workers do with the orders there are; True when none is left."""
    begin, follow, _ = due_orders(timezone.now())
    for order_pk in begin:
        carry_out(order_pk)
    for host_pk in follow:
        follow_shut_downs(host_pk)
    return not begin and not follow


def test_a_vm_is_shut_down_and_started_by_its_context_menu(lab_move: LabMove, browser: Browser, address: str) -> None:
    desk = Desk(browser, address, person("anna", Role.OPERATOR), "light", DESK)
    page = desk.open("/vms/?q=WEB01")
    row = page.get_by_role("row", name="WEB01")

    row.click(button="right")
    page.get_by_role("menuitem", name="Shut down…").click()
    expect(page.get_by_role("heading", name="Shut down WEB01?")).to_be_visible()
    page.get_by_role("button", name="Shut down WEB01").click()
    expect(row).to_contain_text("Shutting Down…")
    wait_until(work, "WEB01 has shut down")
    expect(row).to_contain_text("Stopped")
    assert lab_move.lab.running("WEB01") == []

    row.click(button="right")
    page.get_by_role("menuitem", name="Start").click()
    expect(row).to_contain_text("Starting…")
    wait_until(work, "WEB01 has started")
    expect(row).to_contain_text("Running")

    assert lab_move.lab.running("WEB01") == ["HV01"]
    assert desk.complaints == []
