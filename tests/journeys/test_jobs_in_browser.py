"""The filter of the list of jobs, and looking for a folder in the wizard, with scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from hosts.access import Role
from hosts.browsing_models import FolderListing
from hosts.models import Host
from migrations_app.models import MigrationJob
from tests.journeys.browser import DESK, Desk, chromium_browser, console_server
from tests.journeys.estate import estate
from tests.people import person

pytestmark = pytest.mark.browser


@pytest.fixture
def job(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> MigrationJob:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright keeps an event loop in this thread
    return estate()


@pytest.fixture
def address(chromium: str, job: MigrationJob) -> Iterator[str]:
    with console_server() as started:
        yield started


@pytest.fixture
def browser(chromium: str, address: str) -> Iterator[Browser]:
    with chromium_browser(chromium) as opened:
        yield opened


@pytest.fixture
def desk(browser: Browser, address: str) -> Desk:
    return Desk(browser, address, person("anna", Role.OPERATOR), "light", DESK)


def test_a_chosen_day_is_a_day_of_the_readers_zone_and_goes_into_the_address(desk: Desk) -> None:
    desk.page.context.new_cdp_session(desk.page).send("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    page = desk.open("/jobs/")

    page.fill("#filter-from", "2026-01-31")

    expect(page.locator(".job-filter")).to_contain_text("midnight in Asia/Tokyo")
    assert "from=2026-01-31&zone=Asia%2FTokyo" in page.url
    expect(page.locator("#filter-from")).to_be_focused()
    assert desk.complaints == []


def test_a_filtered_list_stays_filtered_while_other_jobs_change(desk: Desk, job: MigrationJob) -> None:
    page = desk.open("/jobs/?vm=WEB03")
    other, shown = (MigrationJob.objects.get(vm_name=name) for name in ("WEB04", "WEB03"))

    MigrationJob.objects.filter(pk=other.pk).update(percent=91, version=900)
    MigrationJob.objects.filter(pk=shown.pk).update(percent=47, version=901)

    expect(page.locator(f"#job-{shown.pk}-state")).to_contain_text("47 %", timeout=10_000)
    assert page.locator("#job-rows tbody tr").count() == 1


def test_a_folder_is_found_and_goes_into_its_field(desk: Desk, job: MigrationJob) -> None:
    target = Host.objects.get(name="HV01")
    page = desk.open(f"/vms/{job.vm_id}/migrate/path/?target={target.pk}")

    page.fill("#folder", "D:\\Typed")
    page.click("#browser button[value='D:\\\\']")
    expect(page.locator("#browser")).to_contain_text("HV01 is being asked which folders are in D:\\.")
    FolderListing.objects.update(state="done", folders=["SQL"])

    expect(page.locator("#browser")).to_contain_text("1 folder in it", timeout=10_000)
    expect(page.locator("#browser [aria-current]")).to_be_focused()
    assert page.input_value("#folder") == "D:\\Typed"
    page.click("#browser button[value='D:\\\\SQL']")
    expect(page.locator("#browser")).to_contain_text("asked which folders are in D:\\SQL.")
    FolderListing.objects.update(state="done", folders=[])
    page.click("[data-uses-folder]")
    assert page.input_value("#folder") == "D:\\SQL"
    assert desk.complaints == []
