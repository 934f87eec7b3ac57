"""The script of a move in a real browser: copied with a word about it, and read without scripts of ours."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from migrations_app.models import MigrationJob
from tests.journeys.test_look import desk_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_script_is_copied_by_keyboard_and_the_copying_is_announced(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    desk = desk_of(browser, address)
    desk.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = desk.open(f"/jobs/{job.pk}/script/")

    page.get_by_role("button", name="Copy").press("Enter")

    expect(page.locator("#announcer")).to_have_text("The script was copied.")
    expect(page.get_by_role("button", name="Copied")).to_be_focused()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#script-text").text_content()


def test_without_a_clipboard_the_selection_is_copied(browser: Browser, address: str, job: MigrationJob) -> None:
    """As on a page that is served without HTTPS."""
    desk = desk_of(browser, address)
    desk.page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page = desk.open(f"/jobs/{job.pk}/script/")
    page.evaluate("document.addEventListener('copy', () => (window.copied = getSelection().toString()))")

    page.get_by_role("button", name="Copy").click()

    expect(page.locator("#announcer")).to_have_text("The script was copied.")
    assert str(page.evaluate("copied")).startswith("<#\n.SYNOPSIS\n")


def test_from_the_summary_to_the_script_and_back_without_scripts(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    desk = desk_of(browser, address)
    desk.page.route("**/*.js", lambda route: route.abort())
    page = desk.open(f"/vms/{job.vm_id}/migrate/summary/?target={job.source_id}")

    page.get_by_role("button", name="View script").click()
    expect(page.get_by_role("region", name="Script")).to_contain_text("Invoke-Step -Number '4.1'")
    expect(page.get_by_role("button", name="Copy")).to_be_hidden()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    page.get_by_role("link", name="Back to the summary").click()

    assert download.value.suggested_filename == "move-WEB01-to-HV01.ps1"
    expect(page.get_by_role("heading", name="Summary")).to_be_visible()


def test_a_reader_gets_to_the_course_by_a_link(browser: Browser, address: str, job: MigrationJob) -> None:
    page = desk_of(browser, address).open(f"/jobs/{job.pk}/script/")

    page.get_by_role("navigation", name="Places in the script").get_by_role("link", name="Course").click()

    expect(page.get_by_text("# The course of the move")).to_be_in_viewport()
