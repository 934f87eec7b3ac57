"""Signing in and out, the pages of virtual machines, and what every page is sent with."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from hosts.inventory import root_group
from hosts.models import Host, VirtualMachine
from hosts.providers.types import Secret


@pytest.fixture
def vm(db: None) -> VirtualMachine:
    group = root_group()
    host = Host.objects.create(name="HV01", group=group, address="hv01", username="user", password=Secret("secret"))
    return VirtualMachine.objects.create(host=host, uid="id", name="WEB01", state="running", folder="D:\\VMs\\WEB01")


def test_signing_in_leads_to_the_virtual_machines_and_out_again(client: Client, admin: User) -> None:
    admin.set_password("correct horse battery")
    admin.save()

    entered = client.post("/sign-in/", {"username": "admin", "password": "correct horse battery"}, follow=True)
    left = client.post("/sign-out/", follow=True)

    assert entered.redirect_chain[-1][0] == "/vms/"
    assert left.redirect_chain[-1][0] == "/sign-in/"
    assert client.get("/vms/").status_code == 302


def test_a_wrong_password_is_answered_with_a_sentence(client: Client, db: None) -> None:
    answer = client.post("/sign-in/", {"username": "anna", "password": "wrong"})

    assert 'role="alert"' in answer.content.decode()


def test_the_front_door_is_the_list_of_virtual_machines(signed_in: Client) -> None:
    assert signed_in.get("/", follow=True).redirect_chain[-1][0] == "/vms/"


def test_an_empty_console_says_what_to_do_first(signed_in: Client, admin: User) -> None:
    assert "An administrator can add the hosts they run on" in signed_in.get("/vms/").content.decode()

    signed_in.force_login(admin)
    assert "Add the hosts they run on" in signed_in.get("/vms/").content.decode()


def test_the_page_of_a_vm_shows_what_its_host_told(signed_in: Client, vm: VirtualMachine) -> None:
    text = signed_in.get(f"/vms/{vm.pk}/").content.decode()

    assert "D:\\VMs\\WEB01" in text
    assert "WEB01 has not been moved by Ferry yet." in text


def test_the_menu_of_a_row_says_why_a_verb_cannot_be_used(signed_in: Client, vm: VirtualMachine) -> None:
    text = signed_in.get(f"/vms/{vm.pk}/menu/").content.decode()

    assert 'aria-disabled="true"' in text
    assert "HV01, where WEB01 is, does not respond." in text


def test_no_page_may_be_framed_or_run_foreign_script(signed_in: Client) -> None:
    answer = signed_in.get("/vms/")

    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"


def test_an_address_that_is_not_there_gets_a_page_of_ours(signed_in: Client) -> None:
    answer = signed_in.get("/vms/4711/")

    assert answer.status_code == 404
    assert "There is no such page." in answer.content.decode()
