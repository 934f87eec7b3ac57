"""The list of virtual machines: narrowed by tree and filter, sorted and paged by the server."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from console.vm_rows import PAGE_SIZE
from hosts.inventory import root_group
from hosts.models import Host, HostGroup, VirtualAdapter, VirtualMachine
from hosts.providers.types import Secret


@pytest.fixture
def hosts(db: None) -> dict[str, Host]:
    root = root_group()
    groups = {name: HostGroup.objects.create(name=name, parent=root) for name in ("Berlin", "Hamburg")}
    places = {"HV01": "Berlin", "HV02": "Hamburg"}
    return {name: _host(name, groups[place]) for name, place in places.items()}


def names(client: Client, **query: str | int) -> list[str]:
    text = client.get("/vms/", query).content.decode()
    return re.findall(r'data-name="([^"]+)"', text)


def test_the_tree_narrows_the_list_to_a_host_or_a_group_with_all_in_it(
    signed_in: Client, hosts: dict[str, Host]
) -> None:
    _vm("WEB01", hosts["HV01"])
    _vm("SQL01", hosts["HV02"])
    root = HostGroup.objects.get(name="All Hosts")

    assert names(signed_in, host=hosts["HV01"].pk) == ["WEB01"]
    assert names(signed_in, group=hosts["HV02"].group_id) == ["SQL01"]
    assert names(signed_in, group=root.pk) == ["SQL01", "WEB01"]


@pytest.mark.parametrize("query", [{"host": "x"}, {"group": "x"}, {"host": "999"}, {"group": "999"}])
def test_a_place_that_is_not_there_has_no_virtual_machines(
    signed_in: Client, hosts: dict[str, Host], query: dict[str, str]
) -> None:
    _vm("WEB01", hosts["HV01"])

    assert names(signed_in, **query) == []


def test_every_word_of_the_filter_must_be_found_somewhere(signed_in: Client, hosts: dict[str, Host]) -> None:
    _vm("WEB01", hosts["HV01"], network="DMZ")
    _vm("WEB02", hosts["HV02"], network="LAN")

    assert names(signed_in, q="web") == ["WEB01", "WEB02"]
    assert names(signed_in, q="web dmz") == ["WEB01"]
    assert names(signed_in, q="10.0.0.7 hv02") == ["WEB02"]
    assert names(signed_in, q="web mail") == []


def test_a_column_sorts_both_ways_and_nonsense_sorts_by_name(signed_in: Client, hosts: dict[str, Host]) -> None:
    _vm("A", hosts["HV01"], memory_mb=8)
    _vm("B", hosts["HV01"], memory_mb=4)

    assert names(signed_in, sort="memory") == ["B", "A"]
    assert names(signed_in, sort="-memory") == ["A", "B"]
    assert names(signed_in, sort="password") == ["A", "B"]


def test_long_lists_come_in_pages(signed_in: Client, hosts: dict[str, Host]) -> None:
    for number in range(PAGE_SIZE + 1):
        _vm(f"VM{number:03}", hosts["HV01"])

    assert len(names(signed_in)) == PAGE_SIZE
    assert names(signed_in, page=2) == [f"VM{PAGE_SIZE:03}"]
    assert names(signed_in, page="last one") == names(signed_in)


def test_the_list_takes_the_same_few_queries_however_long_it_is(
    signed_in: Client, hosts: dict[str, Host], django_assert_max_num_queries: object
) -> None:
    for number in range(PAGE_SIZE):
        _vm(f"VM{number:03}", hosts["HV01"], network="LAN")

    with django_assert_max_num_queries(21):  # type: ignore[operator]
        assert len(names(signed_in)) == PAGE_SIZE


def test_a_selected_row_shows_its_details_and_verbs(signed_in: Client, hosts: dict[str, Host]) -> None:
    vm = _vm("WEB01", hosts["HV01"])

    text = signed_in.get("/vms/", {"selected": vm.pk}).content.decode()

    assert "is-picked" in text
    assert "D:\\VMs\\WEB01" in text
    assert "Migrate…" in text


def _host(name: str, group: HostGroup) -> Host:
    return Host.objects.create(
        name=name, group=group, address=name, username="user", password=Secret("secret"), state="responding"
    )


def _vm(name: str, host: Host, network: str = "", memory_mb: int = 1024) -> VirtualMachine:
    vm = VirtualMachine.objects.create(
        host=host, uid=name, name=name, state="running", memory_mb=memory_mb, folder=f"D:\\VMs\\{name}"
    )
    if network:
        VirtualAdapter.objects.create(vm=vm, adapter_id=name, name="NIC", network_name=network, addresses=["10.0.0.7"])
    return vm
