"""Hosts are added, changed and removed: what is entered is checked, and whether the host answers decides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError

from hosts.inventory import (
    HostBusy,
    HostRefused,
    NewHost,
    add_host,
    change_host,
    refresh_host,
    remove_host,
    set_activity,
)
from hosts.models import Host, VirtualMachine
from hosts.providers import errors
from hosts.providers.types import Secret
from tests.hosts.conftest import add
from tests.hosts.memory import PASSWORD, Neighbourhood, make_vm

State = Host.State


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "<script>alert(1)</script>"}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"address": "hv01:5985"}, "address"),
        ({"address": "http://hv01"}, "address"),
        ({"address": "10.0.0.999"}, "address"),
        ({"address": "-hv01"}, "address"),
        ({"port": 0}, "port"),
        ({"port": 65_536}, "port"),
        ({"username": " "}, "username"),
        ({"password": Secret("")}, "password"),
        ({"ca_pem": "no certificate"}, "ca_pem"),
    ],
    ids=str,
)
def test_nonsense_is_refused_with_a_sentence_for_its_field(
    network: Neighbourhood, change: dict[str, object], field: str
) -> None:
    new = replace(NewHost("HV01", "hv01", "user", PASSWORD), **change)  # type: ignore[arg-type]

    with pytest.raises(ValidationError) as refused:
        add_host(new, None)

    assert list(refused.value.message_dict) == [field]
    assert not Host.objects.exists()


@pytest.mark.parametrize("address", ["hv01", "hv01.example.com", "hv-01.example.com.", "10.0.0.1", "fe80::1", "h_v"])
def test_names_and_ip_addresses_are_taken(network: Neighbourhood, address: str) -> None:
    assert add("HV01", address).address == address


def test_a_second_host_of_a_name_is_refused(hv01: Host) -> None:
    with pytest.raises(ValidationError) as refused:
        add("HV01", "elsewhere")

    assert list(refused.value.message_dict) == ["name"]


def test_a_host_that_fails_stays_listed_with_its_reason(network: Neighbourhood) -> None:
    host = add("HV09", "nowhere")

    assert Host.objects.get() == host
    assert (host.state, host.state_reason) == (State.NOT_RESPONDING, "Nothing listens at nowhere:5985.")


def test_a_host_that_must_answer_and_does_not_is_not_stored(network: Neighbourhood) -> None:
    with pytest.raises(HostRefused) as refused:
        add_host(NewHost("HV09", "nowhere", "user", PASSWORD), None, must_answer=True)

    assert refused.value.trouble.kind == "HostUnreachable"
    assert not Host.objects.exists()


def test_a_changed_password_is_used_from_now_on(hv01: Host, network: Neighbourhood) -> None:
    network.hosts["hv01"].password = Secret("new")
    refresh_host(hv01)
    assert hv01.state == State.ACCESS_DENIED

    changed = change_host(hv01, NewHost("HV01", "hv01", "LAB\\svc-ferry", Secret("new")))

    assert changed.state == State.RESPONDING
    assert Host.objects.get().password == Secret("new")


def test_a_refresh_in_the_old_way_does_not_spoil_a_change(hv01: Host, network: Neighbourhood) -> None:
    def change() -> None:
        memory.meanwhile = lambda: None
        change_host(hv01, NewHost("HV01", "hv01", "LAB\\svc-ferry", PASSWORD))

    memory = network.hosts["hv01"]
    memory.inspect_error = errors.AccessDenied("HV01", "No.")
    memory.meanwhile = change

    assert refresh_host(Host.objects.get()) is False


def test_a_host_with_a_vm_under_migration_is_not_removed(hv01: Host, network: Neighbourhood) -> None:
    network.hosts["hv01"].has(make_vm("WEB01"))
    refresh_host(hv01)
    set_activity(hv01.vms.get(), VirtualMachine.Activity.UNDER_MIGRATION)

    with pytest.raises(HostBusy):
        remove_host(hv01)

    set_activity(hv01.vms.get(), VirtualMachine.Activity.NONE)
    remove_host(hv01)
    assert not Host.objects.exists()
