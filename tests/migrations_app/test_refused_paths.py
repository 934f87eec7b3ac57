"""Paths that are cleverer than a folder: refused by a sentence wherever one is entered, and no host is asked."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from hosts.browsing import why_not_browse
from hosts.browsing_models import FolderListing
from hosts.models import Host, HostVolume
from migrations_app.checks import check_path, errors
from migrations_app.models import MigrationJob
from tests.journeys.rows import moved_vm
from tests.migrations_app.wizard import Wizard, page_of, said

WINDOWS = [
    "..\\VMs",
    "VMs",
    "D:VMs",
    "D:\\VMs\\..\\Windows",
    "D:\\VMs\\.",
    "D:/VMs",
    "\\\\server\\share\\VMs",
    "\\\\.\\PhysicalDrive0",
    "\\\\?\\D:\\VMs",
    "\\\\.\\D:\\VMs",
    "D:\\CON",
    "D:\\VMs\\NUL.txt",
    "D:\\VMs\\lpt1\\x",
    "D:\\VMs. \\x",
    "D:\\VMs.",
    "D:\\VMs:a",
    "D:\\VMs\\a:b:$DATA",
    "D:\\VMs\na",
]
POSIX = ["images", "../images", "/srv/../etc", "/srv/vm\na", "/srv/./vm", "/srv//vm", "//server/share", "D:\\VMs"]


@pytest.mark.parametrize("path", WINDOWS)
def test_the_wizard_stays_on_its_page_of_paths_and_says_why(path: str, wizard: Wizard) -> None:
    answers = [wizard.get("migrate-networks", folder=path), wizard.get("migrate-networks", disk_0=path)]

    assert {page_of(answer) for answer in answers} == {"migrate-path"}
    assert all("note-bad" in said(answer) for answer in answers)


@pytest.mark.parametrize("path", [*WINDOWS, "D:\\VMs\0"])
def test_no_move_is_ordered_to_it_whatever_was_sent(path: str, wizard: Wizard) -> None:
    for answer in (wizard.move(folder=path), wizard.move(disk_0=path)):
        assert "The move was not ordered." in said(answer)

    assert not MigrationJob.objects.exists()


@pytest.mark.parametrize("path", [*WINDOWS, "D:\\VMs\0"])
def test_nobody_browses_it_on_a_hyper_v_host(path: str, wizard: Wizard) -> None:
    sent = {**wizard.state, "browse": path}

    answer = wizard.client.post(reverse("migrate-path-browse", args=[wizard.vm.pk]), sent)

    assert answer.status_code == 302
    assert why_not_browse(wizard.vm.host, path).endswith((".", ")."))
    assert not FolderListing.objects.exists()


@pytest.mark.parametrize("path", [*POSIX, "/srv/vm\0"])
def test_a_kvm_host_is_not_asked_about_it_either(path: str, signed_in: Client) -> None:
    job = moved_vm()
    Host.objects.update(kind="libvirt")
    HostVolume.objects.update(path="/")
    target = Host.objects.get(name="HV01")
    assert job.vm is not None

    signed_in.post(f"/vms/{job.vm_id}/migrate/path/browse/", {"target": target.pk, "browse": path})

    assert errors(check_path(job.vm, target, path))[0].text.endswith(".")
    assert not FolderListing.objects.exists()
