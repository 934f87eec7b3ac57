"""Hosts dragged into groups, and the pages of administration, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from hosts.access import Role
from hosts.models import Host, HostGroup
from migrations_app.models import MigrationJob
from tests.hosts.fleet import group
from tests.journeys.browser import DESK, PHONE, Desk
from tests.journeys.rows import moved_vm
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = (
    "/hosts/groups/",
    "/hosts/groups/add/",
    "/hosts/groups/{group}/",
    "/hosts/groups/{group}/remove/",
    "/hosts/{host}/group/",
    "/administration/migration-defaults/",
    "/about/",
)


@pytest.fixture
def job() -> MigrationJob:
    group("Berlin")
    return moved_vm()


def test_a_host_is_dragged_from_the_list_and_from_the_tree(browser: Browser, address: str, job: MigrationJob) -> None:
    desk = Desk(browser, address, person("anna", Role.ADMINISTRATOR), "light", DESK)
    berlin, hv01 = HostGroup.objects.get(name="Berlin"), Host.objects.get(name="HV01")
    page = desk.open("/hosts/")

    page.drag_and_drop(f"#host-row-{hv01.pk}", f"#tree-group-{berlin.pk}")
    expect(page.get_by_role("status").filter(has_text="HV01 is in Berlin now.")).to_be_visible()
    page.drag_and_drop(f"#tree-host-{hv01.pk}", f"#tree-group-{berlin.parent_id}")
    expect(page.get_by_role("status").filter(has_text="HV01 is in All Hosts now.")).to_be_visible()

    assert page.url.endswith("/hosts/")
    assert desk.complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_are_quiet_and_open_to_everybody(
    browser: Browser, address: str, job: MigrationJob, theme: str
) -> None:
    size = PHONE if theme == "light" else DESK
    desk = Desk(browser, address, person("anna", Role.ADMINISTRATOR), theme, size)
    keys = {"group": HostGroup.objects.get(name="Berlin").pk, "host": job.source_id}

    for page in PAGES:
        desk.open(page.format(**keys))
        assert desk.barriers() == "", page
        assert desk.overhang_px() <= 0, page
    assert desk.complaints == []
