"""People in a real browser: what each role sees, a given password, a session that ends in the middle of the wizard."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, Page, expect

from console.people import add_user
from hosts.access import Role
from hosts.audit import Deed, record
from hosts.models import HostGroup
from migrations_app.models import MigrationJob
from tests.journeys.browser import DESK, PHONE, Desk
from tests.journeys.rows import moved_vm
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("job")]

PASSWORD = "correct horse battery"


@pytest.fixture
def job() -> MigrationJob:
    for role in Role:
        Group.objects.get_or_create(name=role)
    return moved_vm()


def desk_of(browser: Browser, address: str, role: Role | None, theme: str = "light", *, size: object = DESK) -> Desk:
    return Desk(browser, address, person("hanna", role), theme, size)  # type: ignore[arg-type]


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def workspaces(page: Page) -> list[str]:
    return page.get_by_role("navigation", name="Workspaces").get_by_role("link").all_inner_texts()


def test_help_desk_sees_jobs_and_nothing_else(browser: Browser, address: str, job: MigrationJob) -> None:
    desk = desk_of(browser, address, Role.HELP_DESK)
    page = desk.open("/")
    assert workspaces(page) == ["Jobs"]

    page.get_by_role("link", name=job.name).click()

    expect(page.locator("#job-sentence")).to_contain_text("WEB01 was moved and runs on HV02.")
    expect(page.locator("#verb-cancel")).to_have_attribute("aria-disabled", "true")
    expect(page.locator("#live")).to_be_hidden()
    assert desk.complaints == []


def test_a_manager_begins_with_the_hosts_and_compares_them(browser: Browser, address: str, job: MigrationJob) -> None:
    page = desk_of(browser, address, Role.MANAGER).open("/")
    assert workspaces(page) == ["Virtual Machines", "Hosts", "Jobs", "Reports"]
    page.goto(f"/vms/{job.vm_id}/")

    page.get_by_role("link", name="Compare hosts").click()

    expect(page.locator("[data-chooses]", has_text="HV01")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_about_people_is_quiet_and_open_to_everybody(browser: Browser, address: str, theme: str) -> None:
    HostGroup.objects.create(name="Berlin")
    record(Deed.PLAN_MADE, "Plan 3", {}, {f"{number}. VM{number}": "to HV02" for number in range(1, 20)})
    User.objects.create_user("<script>" + "😀" * 100)
    desk = desk_of(browser, address, Role.ADMINISTRATOR, theme)

    for path in ("/users/", "/users/add/", f"/users/{User.objects.get(username='hanna').pk}/", "/audit/", "/password/"):
        desk.open(path)
        assert desk.barriers() == "", path
        assert desk.overhang_px() <= 0, path
        desk.page.set_viewport_size(PHONE)
        assert desk.overhang_px() <= 0, path
        desk.page.set_viewport_size(DESK)
    assert desk.complaints == []


def test_a_user_who_was_added_chooses_a_password_and_comes_to_the_page_he_wanted(
    browser: Browser, address: str
) -> None:
    password = add_user("anna", Role.MANAGER)
    page = browser.new_page(base_url=address)
    page.goto("/hosts/?q=HV01")

    sign_in(page, "anna", password)
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("The new password once more").fill(PASSWORD)
    page.get_by_role("button", name="Change password").click()

    page.wait_for_url("**/hosts/?q=HV01")
    expect(page.get_by_text("Your password was changed.")).to_be_visible()


def test_a_session_that_ends_in_the_wizard_comes_back_to_its_page(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    user = person("hanna", Role.OPERATOR)
    user.set_password(PASSWORD)
    user.save()
    page = desk_of(browser, address, Role.OPERATOR).open(f"/vms/{job.vm_id}/migrate/host/?q=HV")
    Session.objects.all().delete()

    page.locator("[data-chooses]", has_text="HV01").click()  # asks for a fragment
    page.wait_for_url("**/sign-in/?next=**")
    sign_in(page, "hanna", PASSWORD)

    page.wait_for_url(f"**/vms/{job.vm_id}/migrate/host/?**")
    expect(page.locator("[data-chooses]", has_text="HV01")).to_be_visible()
