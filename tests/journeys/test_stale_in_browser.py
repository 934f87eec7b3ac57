"""Somebody whose wizard is behind the times, in a browser: a sentence says so, and nothing that was typed is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from hosts.access import Role
from hosts.models import Host, VirtualAdapter
from migrations_app.models import MigrationJob
from tests.journeys.browser import DESK, Desk
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def desk_of(browser: Browser, address: str) -> Desk:
    return Desk(browser, address, person("anna", Role.OPERATOR), "light", DESK)


def summary(browser: Browser, address: str, job: MigrationJob) -> Page:
    """Of the way back to HV01, with a limit that was typed."""
    page = desk_of(browser, address).open(f"/vms/{job.vm_id}/migrate/summary/?target={job.source_id}")
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Bandwidth limit").fill("50")
    return page


def test_a_host_that_was_removed_meanwhile_is_missed_in_a_sentence(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    page = desk_of(browser, address).open(f"/vms/{job.vm_id}/migrate/host/?q=HV")
    page.get_by_role("radio", name="HV02").check()
    expect(page.locator("#about h2")).to_have_text("HV02")
    Host.objects.filter(name="HV01").delete()

    page.get_by_role("radio", name="HV01").check()
    expect(page.locator("#live")).to_have_text("This is not there any more. Reload the page.")
    expect(page.locator("#announcer")).to_contain_text("This is not there any more.")
    page.reload()

    expect(page.get_by_role("radio", name="HV01")).to_have_count(0)
    expect(page.locator("#host-q")).to_have_value("HV")


def test_a_move_of_a_vm_that_changed_is_refused_and_keeps_what_was_typed(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    page = summary(browser, address, job)
    VirtualAdapter.objects.update(mac="00:15:5D:00:00:01", network_name="Other")

    page.get_by_role("button", name="Move", exact=True).click()

    expect(page.get_by_role("alert").first).to_contain_text("WEB01 has changed since")
    expect(page.get_by_role("link", name="Begin anew")).to_be_visible()
    expect(page.get_by_label("Bandwidth limit")).to_have_value("50")
    assert MigrationJob.objects.count() == 1


def test_a_wizard_that_was_opened_twice_moves_once(browser: Browser, address: str, job: MigrationJob) -> None:
    first, second = summary(browser, address, job), summary(browser, address, job)

    first.get_by_role("button", name="Move", exact=True).click()
    first.wait_for_url("**/jobs/*/")
    second.get_by_role("button", name="Move", exact=True).click()

    expect(second.get_by_role("alert").first).to_contain_text("WEB01 is being moved already.")
    expect(second.get_by_label("Bandwidth limit")).to_have_value("50")
    assert MigrationJob.objects.filter(status__in=MigrationJob.OPEN).count() == 1


def test_a_console_that_does_not_answer_is_named_and_nothing_is_lost(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    page = desk_of(browser, address).open(f"/vms/{job.vm_id}/migrate/host/")
    page.route("**/host/about/**", lambda route: route.abort())

    page.get_by_role("radio", name="HV02").check()

    expect(page.locator("#live")).to_have_text("Ferry does not answer. What you entered is still here.")
    expect(page.get_by_role("radio", name="HV02")).to_be_checked()
