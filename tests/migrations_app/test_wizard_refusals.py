"""The Migrate wizard for somebody who tampers, hurries, or comes too late: a sentence, and no job."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from hosts.models import HostVolume, VirtualAdapter, VirtualMachine, VirtualNetwork
from migrations_app.models import MigrationJob
from tests.fakes.moves import Move
from tests.migrations_app.wizard import Wizard, page_of, said

BAD_FOLDERS = {
    "D:\\VMs\\..\\Windows": "must not contain empty parts, . or ..",
    "\\\\fileserver\\share": "network paths and device names are not possible",
    "\\\\.\\PhysicalDrive0": "network paths and device names are not possible",
    "D:\\CON": "CON is a device name of Windows.",
    "D:\\a|b": "A folder name cannot contain any of",
    "VMs": "Give a folder with its drive",
    "": "Give a folder with its drive",
    "Z:\\VMs": "HV02 has no volume Z:\\.",
    "D:\\" + "x" * 300: "The path is longer than 180 characters.",
}


@pytest.mark.parametrize("target", ["", "999", "abc", "-1", "1e9", "٣", "9" * 40])
def test_an_unknown_host_leads_back_to_the_list_with_a_sentence(wizard: Wizard, target: str) -> None:
    answer = wizard.get("migrate-path", target=target)

    assert page_of(answer) == "migrate-host"
    assert "No host is chosen yet." in said(answer) or "There is no host with the number" in said(answer)


def test_a_host_that_is_blocked_is_refused_with_its_reason(wizard: Wizard, move: Move) -> None:
    answer = wizard.get("migrate-summary", target=move.rows[0].pk)

    assert page_of(answer) == "migrate-host"
    assert "WEB01 is on HV01 already." in said(answer)


@pytest.mark.parametrize("folder", BAD_FOLDERS)
def test_a_folder_that_is_none_leads_back_to_the_path(wizard: Wizard, folder: str) -> None:
    answer = wizard.get("migrate-networks", folder=folder)

    assert page_of(answer) == "migrate-path"
    assert BAD_FOLDERS[folder] in said(answer)


@pytest.mark.parametrize("folder", [folder for folder in BAD_FOLDERS if folder])
def test_a_folder_of_a_disk_that_is_none_leads_back_to_the_path(wizard: Wizard, folder: str) -> None:
    answer = wizard.get("migrate-summary", disk_0=folder)

    assert page_of(answer) == "migrate-path"
    assert BAD_FOLDERS[folder] in said(answer)


@pytest.mark.parametrize("folder", BAD_FOLDERS)
def test_a_tampered_folder_makes_no_job(wizard: Wizard, folder: str) -> None:
    answer = wizard.move(folder=folder)

    assert answer.status_code in (200, 409)
    assert not MigrationJob.objects.exists()


def test_a_volume_without_enough_space_is_an_error_before_anything_moves(wizard: Wizard) -> None:
    full = HostVolume.objects.get(host__name="HV02")
    HostVolume.objects.create(host=full.host, path="E:\\", size_bytes=1 << 50, free_bytes=1 << 50)
    HostVolume.objects.filter(pk=full.pk).update(free_bytes=100)

    answer = wizard.get("migrate-networks")

    assert page_of(answer) == "migrate-path"
    assert "Not enough space" in said(answer)


def test_a_network_that_the_target_lacks_must_be_chosen(wizard: Wizard) -> None:
    VirtualNetwork.objects.filter(host__name="HV02").update(name="Office")

    answer = wizard.get("migrate-summary", net_0=None)

    assert page_of(answer) == "migrate-networks"
    assert "HV02 has no LAN: choose another network" in said(answer)


def test_a_network_of_another_host_is_refused(wizard: Wizard) -> None:
    answer = wizard.get("migrate-summary", net_0="to:Secret")

    assert page_of(answer) == "migrate-networks"
    assert "HV02 has no virtual network Secret." in said(answer)


def test_not_connected_is_accepted_with_a_warning(wizard: Wizard) -> None:
    answer = wizard.get("migrate-summary", net_0="none")

    assert page_of(answer) == "migrate-summary"
    assert "Network Adapter will not be connected on HV02" in said(answer)


@pytest.mark.parametrize("limit", ["-5", "0", "fast", "1.5", "99999999999"])
def test_a_limit_that_is_none_is_refused_on_the_summary(wizard: Wizard, limit: str) -> None:
    answer = wizard.move(limit=limit)

    assert page_of(answer) == "migrate-summary"
    assert "errorlist" in said(answer)
    assert not MigrationJob.objects.exists()


def test_a_stale_wizard_says_so_on_every_page(wizard: Wizard) -> None:
    VirtualMachine.objects.filter(name="WEB01").update(state="saved")

    for page in ("migrate-host", "migrate-path", "migrate-networks", "migrate-summary"):
        assert "has changed since this wizard was opened: it is Saved State on HV01 now" in said(wizard.get(page))


def test_a_stale_move_is_refused_with_the_reason(wizard: Wizard) -> None:
    VirtualAdapter.objects.update(network_name="Other")

    answer = wizard.move()

    assert answer.status_code == 409
    assert "has changed since the wizard was opened" in said(answer)
    assert not MigrationJob.objects.exists()


def test_a_second_press_of_move_makes_no_second_job(wizard: Wizard) -> None:
    wizard.move()

    answer = wizard.move()

    assert answer.status_code == 409
    assert "The move was not ordered. WEB01 is being moved already." in said(answer)
    assert MigrationJob.objects.count() == 1


def test_a_vm_that_is_being_moved_cannot_be_taken_through_the_wizard(wizard: Wizard) -> None:
    wizard.move()

    text = said(wizard.get("migrate"))

    assert "WEB01 is being moved already." in text
    assert ">Yes" not in text


def test_move_without_the_token_of_its_form_is_refused(wizard: Wizard) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = wizard.client.cookies

    answer = strict.post(reverse("migrate-move", args=[wizard.vm.pk]), {**wizard.state, "move": "yes"})

    assert answer["Location"].startswith(reverse("migrate-summary", args=[wizard.vm.pk]))
    assert not MigrationJob.objects.exists()


def test_move_is_no_link(wizard: Wizard) -> None:
    assert wizard.client.get(reverse("migrate-move", args=[wizard.vm.pk]), wizard.state).status_code == 405
