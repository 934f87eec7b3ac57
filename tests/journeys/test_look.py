"""Pages in a real browser: the job in every state, the list that follows a move, what works by keyboard alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from hosts.access import Role
from hosts.models import VirtualMachine
from migrations_app.models import MigrationJob
from tests.journeys.browser import DESK, Desk
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STATES: dict[str, dict[str, Any]] = {
    "running": {"status": "running", "rate_bytes_per_s": 50 << 20, "percent": 40},
    "paused": {"status": "running", "outage_ended_at": None, "resume_by": timezone.now()},
    "undoing": {"status": "running", "direction": "undo", "failure_text": "HV02: the volume is full."},
    "failed": {"status": "failed", "failure_text": "HV02: the volume is full.", "failure_action": "Free space."},
    "cancelled": {"status": "cancelled", "failure_text": "The move was cancelled."},
    "done": {"status": "done"},
}


def desk_of(browser: Browser, address: str, theme: str = "light") -> Desk:
    return Desk(browser, address, person("anna", Role.OPERATOR), theme, DESK)


@pytest.mark.parametrize("state", STATES)
def test_the_job_page_is_quiet_in_every_state(browser: Browser, address: str, job: MigrationJob, state: str) -> None:
    MigrationJob.objects.filter(pk=job.pk).update(**STATES[state])
    desk = desk_of(browser, address, "dark")

    desk.open(f"/jobs/{job.pk}/")

    assert desk.barriers() == ""
    assert desk.overhang_px() <= 0
    assert desk.complaints == []


def test_the_list_follows_a_move_without_taking_the_focus(browser: Browser, address: str, job: MigrationJob) -> None:
    page = desk_of(browser, address).open("/vms/")
    page.focus(f"#vm-{job.vm_id}-name")

    VirtualMachine.objects.filter(name="WEB01").update(activity="under-migration")
    MigrationJob.objects.filter(pk=job.pk).update(status="running", percent=37, version=999, ended_at=None)

    expect(page.locator(f"#vm-{job.vm_id}-status")).to_contain_text("37 %", timeout=10_000)
    expect(page.locator(f"#vm-{job.vm_id}-name")).to_be_focused()


def test_the_menu_of_a_row_works_by_keyboard_alone(browser: Browser, address: str, job: MigrationJob) -> None:
    page = desk_of(browser, address).open("/vms/")
    page.focus(f"#vm-{job.vm_id}-name")

    page.keyboard.press("Shift+F10")
    expect(page.get_by_role("menuitem", name="Migrate…")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(f"#vm-{job.vm_id}-name")).to_be_focused()
    page.keyboard.press("Shift+F10")
    expect(page.get_by_role("menuitem", name="Migrate…")).to_be_focused()
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/vms/{job.vm_id}/migrate/")


def test_the_wizard_goes_from_warning_to_summary_without_scripts(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    desk = desk_of(browser, address)
    desk.page.context.set_default_timeout(10_000)
    desk.page.route("**/*.js", lambda route: route.abort())
    page = desk.open(f"/vms/{job.vm_id}/migrate/")

    page.get_by_role("link", name="Yes").click()
    for _ in range(3):
        page.get_by_role("button", name="Next").click()

    expect(page.get_by_role("heading", name="Summary")).to_be_visible()
    expect(page.get_by_role("button", name="Move")).to_be_enabled()
