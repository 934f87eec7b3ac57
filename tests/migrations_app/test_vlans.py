"""The wizard warns in words when an adapter would come into another VLAN."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from hosts.models import Host, VirtualAdapter, VirtualMachine, VirtualNetwork
from hosts.providers.libvirt.networks import vlan_of
from migrations_app.checks import check_networks
from migrations_app.engine.step import Level
from migrations_app.vlans import vlans_between
from tests.fakes.moves import Move


@pytest.fixture
def target(move: Move) -> Host:
    return Host.objects.get(name="HV02")


@pytest.fixture
def vm(target: Host) -> VirtualMachine:
    return VirtualMachine.objects.select_related("host").get(name="WEB01")


def tag(host: Host, vlan: int | None, network: str = "LAN") -> None:
    VirtualNetwork.objects.update_or_create(
        host=host, network_id=f"id-{network}", defaults={"name": network, "kind": "network", "vlan_id": vlan}
    )


def adapter_of(vm: VirtualMachine, vlan: int | None) -> VirtualAdapter:
    adapter = vm.adapters.get()
    adapter.vlan_id = vlan
    adapter.save()
    return adapter


def warnings(vm: VirtualMachine, target: Host, network: str = "DMZ") -> list[str]:
    networks = {adapter.adapter_id: network for adapter in vm.adapters.all()}
    found = check_networks(vm, target, networks)
    return [each.text for each in found if each.level is Level.WARNING and "VLAN" in each.text]


def test_a_network_of_another_vlan_is_a_warning_in_the_checks(vm: VirtualMachine, target: Host) -> None:
    title = adapter_of(vm, None).name
    tag(target, 30, "DMZ")

    assert warnings(vm, target) == [f"{title} is in no VLAN now; on DMZ of HV02 it would be in VLAN 30."]


def test_the_tag_of_the_adapter_goes_before_that_of_the_network(vm: VirtualMachine, target: Host) -> None:
    title = adapter_of(vm, 20).name
    tag(target, 30, "DMZ")

    assert warnings(vm, target) == [f"DMZ of HV02 belongs to VLAN 30; {title} is in VLAN 20 and stays in it."]


def test_a_vlan_that_nobody_is_in_there_is_in_doubt_and_one_in_use_is_not(vm: VirtualMachine, target: Host) -> None:
    adapter_of(vm, 20)
    tag(target, None, "DMZ")
    assert "none on DMZ of HV02 is, so nobody knows whether it gets there." in warnings(vm, target)[0]

    other = VirtualMachine.objects.create(host=target, uid="other", name="SQL01", state="off", folder="D:\\")
    VirtualAdapter.objects.create(vm=other, adapter_id="x", name="Adapter", network_name="DMZ", vlan_id=20)

    assert warnings(vm, target) == []
    assert vlans_between(vm, target).words("DMZ") == "Others use 20"


def test_the_same_vlan_at_both_ends_is_no_warning(vm: VirtualMachine, target: Host) -> None:
    adapter_of(vm, None)
    VirtualNetwork.objects.filter(host=vm.host).update(vlan_id=30)
    tag(target, 30, "DMZ")

    assert warnings(vm, target) == []


def test_the_page_shows_the_vlans_and_the_warning(vm: VirtualMachine, target: Host, signed_in: Client) -> None:
    adapter_of(vm, 20)
    tag(target, 30, "DMZ")
    query = {"target": str(target.pk), "on": str(target.pk), "folder": "D:\\VMs", "net-0": "to:DMZ"}

    html = signed_in.get(reverse("migrate-networks", args=[vm.pk]), query).content.decode()

    assert "DMZ (VLAN 30)" in html
    assert "<td>VLAN 20</td>" in html
    assert "DMZ of HV02 belongs to VLAN 30;" in html


@pytest.mark.parametrize(
    ("inside", "vlan"),
    [
        ("<vlan><tag id='42'/></vlan>", 42),
        ("<vlan trunk='yes'><tag id='42'/></vlan>", None),
        ("<vlan><tag id='42'/><tag id='43'/></vlan>", None),
        ("<portgroup name='a'><vlan><tag id='7'/></vlan></portgroup>", None),
        ("<portgroup name='a' default='yes'><vlan><tag id='7'/></vlan></portgroup>", 7),
        ("", None),
    ],
)
def test_the_vlan_of_a_libvirt_network_is_its_own_or_that_of_its_default_port_group(
    inside: str, vlan: int | None
) -> None:
    assert vlan_of(f"<network><name>lan</name>{inside}</network>") == vlan
