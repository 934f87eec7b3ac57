"""The properties of a VM in tabs; owner and description are Ferry's own and survive what hosts say."""

from __future__ import annotations

import pytest
from django.test import Client

from hosts.access import Role
from hosts.audit import Deed
from hosts.inventory import refresh_host
from hosts.models import AuditRecord, Host, VirtualMachine
from tests.hosts.conftest import hv01, network  # noqa: F401
from tests.hosts.memory import Neighbourhood, make_vm
from tests.people import person


@pytest.fixture
def vm(hv01: Host, network: Neighbourhood) -> VirtualMachine:  # noqa: F811
    network.hosts["hv01"].has(make_vm("WEB01"))
    refresh_host(hv01)
    return VirtualMachine.objects.get()


def tab(client: Client, vm: VirtualMachine, name: str) -> str:
    return client.get(f"/vms/{vm.pk}/properties/", {"tab": name}).content.decode()


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("general", "D:\\VMs\\WEB01\\WEB01.vmcx"),
        ("nonsense", "D:\\VMs\\WEB01\\WEB01.vmcx"),
        ("hardware", "Memory at start"),
        ("networks", "00155D010203"),
        ("disks", "WEB01_1.avhdx"),
        ("checkpoints", "WEB01 has no checkpoints."),
        ("actions", "Start it if it ran when the host stopped"),
    ],
)
def test_each_tab_tells_its_part(signed_in: Client, vm: VirtualMachine, name: str, known: str) -> None:
    assert known in tab(signed_in, vm, name)


def test_owner_and_description_are_kept_through_a_refresh_and_audited(
    signed_in: Client,
    vm: VirtualMachine,
    hv01: Host,  # noqa: F811
) -> None:
    sent = {"owner": "Web team", "description": "The shop.\nAsk before noon."}
    signed_in.post(f"/vms/{vm.pk}/properties/", sent)
    signed_in.post(f"/vms/{vm.pk}/properties/", sent)
    refresh_host(hv01)

    vm.refresh_from_db()
    assert (vm.owner, vm.description.splitlines()) == ("Web team", ["The shop.", "Ask before noon."])
    row = AuditRecord.objects.get(deed=Deed.VM_CHANGED)
    assert (row.about, row.before["owner"], row.after["owner"]) == ("WEB01 on HV01", "", "Web team")
    assert "Web team" in signed_in.get(f"/vms/{vm.pk}/").content.decode()
    assert 'data-name="WEB01"' in signed_in.get("/vms/?q=web+team&sort=owner").content.decode()


def test_too_long_a_name_is_refused_with_a_sentence_and_nothing_is_lost(signed_in: Client, vm: VirtualMachine) -> None:
    text = signed_in.post(
        f"/vms/{vm.pk}/properties/", {"owner": "x" * 256, "description": "The shop."}
    ).content.decode()

    assert "Give a name of 255 characters at most." in text
    assert "The shop." in text
    assert not AuditRecord.objects.filter(deed=Deed.VM_CHANGED).exists()


def test_who_only_looks_sees_the_properties_and_stores_none(client: Client, vm: VirtualMachine) -> None:
    client.force_login(person("manager", Role.MANAGER))

    assert "Nobody is named" in tab(client, vm, "general")
    assert client.post(f"/vms/{vm.pk}/properties/", {"owner": "me"}).status_code == 403
    vm.refresh_from_db()
    assert vm.owner == ""
