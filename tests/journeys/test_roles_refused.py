"""What a role may not see, in a browser: a page with a sentence and a way on, a fragment that says so, no websocket."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from hosts.access import Role
from migrations_app.models import MigrationJob
from tests.journeys.browser import DESK, Desk
from tests.journeys.roles import refusal
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("job")]

# Addresses entered by hand, and how the sentence begins.
REFUSED = {
    Role.OPERATOR: (("/users/", "/hosts/add/", "/audit/"), "Only administrators may"),
    Role.MANAGER: (("/users/", "/hosts/add/", "/vms/power/?verb=save&vm={vm}", "/jobs/{job}/repair/"), "Your role is"),
    Role.HELP_DESK: (
        ("/vms/", "/hosts/", "/hosts/report/", "/vms/{vm}/migrate/", "/jobs/{job}/repair/"),
        "Your role is",
    ),
}
# Opens a websocket as the page would; resolves to the code with which it is closed, or to "open".
OPENS = """path => new Promise((resolve) => {
  const socket = new WebSocket(`ws://${location.host}${path}`);
  socket.addEventListener("open", () => resolve("open"));
  socket.addEventListener("close", (event) => resolve(event.code));
})"""


def desk_of(browser: Browser, address: str, role: Role | None) -> Desk:
    return Desk(browser, address, person("hanna", role), "light", DESK)


def test_a_forbidden_address_is_a_page_with_a_sentence_and_a_way_on(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    for role, (paths, begins) in REFUSED.items():
        desk = desk_of(browser, address, role)

        found = {path: refusal(desk, path.format(vm=job.vm_id, job=job.pk)) for path in paths}

        assert all(sentence.startswith(begins) for sentence in found.values()), found
        assert desk.barriers() == ""
        desk.page.get_by_role("link", name="Go to your first page").click()
        expect(desk.page.locator("main .page-list")).to_be_visible()


def test_an_address_that_takes_forms_only_is_no_blank_page(browser: Browser, address: str, job: MigrationJob) -> None:
    desk = desk_of(browser, address, Role.MANAGER)

    for path in (f"/jobs/{job.pk}/cancel/", f"/vms/{job.vm_id}/migrate/move/"):
        answer = desk.page.goto(path)
        assert answer is not None
        assert answer.status == 405
        expect(desk.page.get_by_role("heading", level=1)).to_have_text("There is nothing to see at this address.")
    assert desk.barriers() == ""


def test_a_fragment_that_is_refused_leaves_the_page_and_says_so(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    page = desk_of(browser, address, Role.OPERATOR).open(f"/vms/{job.vm_id}/migrate/host/")
    person("hanna", Role.HELP_DESK)

    page.get_by_role("radio", name="HV02").check()

    expect(page.locator("#announcer")).to_have_text("You may not do this any more. Reload the page.")
    expect(page.locator("#live")).to_be_visible()
    expect(page.get_by_role("radio", name="HV02")).to_be_checked()


def test_the_menu_of_a_row_that_is_refused_becomes_the_page_that_says_why(browser: Browser, address: str) -> None:
    page = desk_of(browser, address, Role.OPERATOR).open("/hosts/")
    person("hanna", Role.HELP_DESK)

    page.locator("#host-rows").get_by_role("link", name="HV02").click(button="right")

    expect(page.get_by_role("heading", level=1)).to_have_text("You may not do this.")
    expect(page.locator("main")).to_contain_text("Your role is Help Desk")


def test_a_websocket_opens_for_those_who_may_see_what_it_sends(
    browser: Browser, address: str, job: MigrationJob
) -> None:
    paths = ("/ws/jobs/?show=vms", "/ws/jobs/", f"/ws/jobs/{job.pk}/")
    opened = {}

    for role in (*Role, None):
        page = desk_of(browser, address, role).open("/password/")
        opened[str(role)] = [page.evaluate(OPENS, path) == "open" for path in paths]

    assert opened == {
        "Administrator": [True, True, True],
        "Operator": [True, True, True],
        "Manager": [True, True, True],
        "Help Desk": [False, True, True],
        "None": [False, False, False],
    }
