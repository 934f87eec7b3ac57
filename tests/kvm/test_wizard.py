"""The console with real KVM hosts, as a user has it: the wizard in a browser, and the server killed in the copy."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from lab.kvm import faults
from lab.kvm.checker import prove, stray_files
from lab.kvm.control import Lab
from lab.kvm.guest import await_answer
from lab.kvm.image import GuestImage
from lab.kvm.prober import Prober
from tests.journeys.browser import chromium_browser
from tests.journeys.wizard import choose_host, signed_in_page
from tests.kvm.moves import BOOT_S, assert_whole
from tests.lab_moves import wait_until
from tests.served import Served

pytestmark = pytest.mark.kvm
END_MS = 120_000
STATUS = "SELECT status FROM migrations_app_migrationjob WHERE id=?"
COPIED = "SELECT bytes_done FROM migrations_app_jobstep WHERE job_id=? AND key='copy' AND status='running'"
SLOW_MBIT = 40


@pytest.fixture(scope="module")
def served(guest_image: GuestImage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A console with a KVM lab of its own, which has the guest's image already."""
    var, name = tmp_path_factory.mktemp("kvm") / "var", f"w{os.getpid() % 1_000_000}"
    (var / "lab-kvm").mkdir(parents=True)
    (var / "lab-kvm/image").symlink_to(guest_image.folder)
    server = Served(var, labs=("--kvm-lab", name))
    try:
        server.start()
        yield server
    finally:
        server.process.kill()
        Lab.open(var / "lab-kvm" / name).destroy()


@pytest.fixture(scope="module")
def lab(served: Served) -> Lab:
    return Lab.open(next((served.var / "lab-kvm").glob("w*")))


@pytest.fixture
def page(served: Served, chromium: str) -> Iterator[Page]:
    with chromium_browser(chromium) as browser:
        yield signed_in_page(browser, served)


def test_a_server_that_is_killed_in_the_copy_leaves_the_vm_running_and_ends_the_move_later(
    served: Served, lab: Lab
) -> None:
    before = await_answer(lab.guest("MAIL01"), BOOT_S)
    home = lab.registered("MAIL01")[0]
    target = "KVM02" if home == "KVM01" else "KVM01"
    served.sign_in()
    faults.limit_link(lab.host(home), SLOW_MBIT)
    job = served.order_move("MAIL01", target, transfer="quick")
    wait_until(lambda: served.value(COPIED, job) not in ("", "0"), "the copy has copied something")

    served.kill()
    at_the_kill = lab.running("MAIL01")
    alive = await_answer(lab.guest("MAIL01"))
    faults.free_link(lab.host(home))
    served.start()
    wait_until(lambda: served.value(STATUS, job) in ("done", "failed"), "the job has ended", within_s=120)

    assert at_the_kill == [home]
    assert alive.counter >= before.counter
    assert served.value(STATUS, job) == "done", served.output
    proof = prove(lab, "MAIL01", before)
    assert proof.holds, str(proof)
    assert lab.running("MAIL01") == [target]
    assert stray_files(lab) == []


@pytest.mark.browser
@pytest.mark.parametrize(("way", "moved"), [("Quick Migration", "moved"), ("Live Migration", "moved live")])
def test_the_wizard_moves_a_real_vm(served: Served, lab: Lab, page: Page, way: str, moved: str) -> None:
    target = "KVM02" if lab.registered("MAIL01") == ["KVM01"] else "KVM01"
    before = await_answer(lab.guest("MAIL01"), BOOT_S)

    with Prober(lab.guest("MAIL01")) as prober:
        page.get_by_role("link", name="MAIL01", exact=True).first.click(button="right")
        page.get_by_role("menuitem", name="Migrate").click()
        page.get_by_label(way).check()
        page.get_by_role("button", name="Yes").click()
        choose_host(page, target)
        page.get_by_role("button", name="Move", exact=True).click()
        expect(page.locator("body")).to_contain_text(f"was {moved} and runs on {target}", timeout=END_MS)

    assert_whole(prove(lab, "MAIL01", before), is_live=way == "Live Migration")
    assert lab.running("MAIL01") == [target]
    assert prober.report().is_whole, prober.report()
    page.goto("/vms/")
    expect(page.get_by_role("row", name=re.compile("MAIL01"))).to_contain_text(target)
