"""A page takes as many queries with many rows as with few, and the database orders and narrows the whole list."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from console.tree import FEW_HOSTS, MOST_HOSTS
from console.vm_rows import PAGE_SIZE
from hosts.host_orders import SORTS as HOST_SORTS
from hosts.models import Host, HostGroup, VirtualAdapter, VirtualDisk, VirtualMachine
from hosts.providers.types import Secret, VmState
from hosts.vm_status import STATUSES, status_word
from migrations_app.models import MigrationJob
from tests.hosts.fleet import group, host, hours
from tests.migrations_app.past_jobs import past_job

GB = 1 << 30
VM_SORTS = ["name", "status", "job", "host", "cpu", "memory", "disk", "networks", "uptime"]
PATHS = [
    "/vms/",
    "/vms/?q=web+lan",
    "/vms/?status=Running",
    "/vms/?host={host}",
    "/vms/?group={group}",
    "/vms/?selected={vm}",
    *(f"/vms/?sort=-{sort}" for sort in VM_SORTS),
    "/vms/{vm}/picked/",
    "/vms/{vm}/migrate/host/",
    "/tree/{group}/",
    "/hosts/",
    "/hosts/?q=hv&state=responding",
    *(f"/hosts/?sort=-{sort}" for sort in HOST_SORTS),
    "/hosts/?like=WEB000",
    "/jobs/",
    "/jobs/?q=web",
    "/jobs/{job}/",
]


def grow(begin: int, count: int) -> None:
    """So many hosts, each in a group of its own, with load, two virtual machines with jobs."""
    for number in range(begin, begin + count):
        made = host(f"HV{number:03}", group=group(f"G{number:03}"))
        hours(made, 10, 20)
        for vm in (f"WEB{number:03}", f"SQL{number:03}"):
            past_job(made, made, vm_name=vm, vm_uid=vm, vm=make_vm(vm, made, uptime_s=number))


def make_vm(name: str, of: Host, *, disk_gb: int = 1, network: str = "LAN", **fields: Any) -> VirtualMachine:
    known: dict[str, Any] = {"state": "running", "folder": f"D:\\{name}"}
    vm = VirtualMachine.objects.create(host=of, uid=name, name=name, **known | fields)
    layers = [{"path": f"{name}{n}", "parent_path": None, "file_size_bytes": disk_gb * GB} for n in range(2)]
    VirtualDisk.objects.create(vm=vm, location="SCSI 0:0", size_bytes=400 * GB, layers=layers)
    VirtualAdapter.objects.create(vm=vm, adapter_id="nic", name="NIC", network_name=network)
    return vm


def bare_hosts(count: int, inside: HostGroup) -> None:
    Host.objects.bulk_create(Host(name=f"X{n:03}", group=inside, password=Secret("x")) for n in range(count))


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.getvalue()
    return len(captured)


def names(client: Client, **query: str) -> list[str]:
    return re.findall(r'data-name="([^"]+)"', client.get(reverse("vm-list"), query).content.decode())


@pytest.fixture
def one(signed_in: Client) -> dict[str, int]:
    """One host, with the keys for PATHS."""
    grow(0, 1)
    vm, made, job = VirtualMachine.objects.earliest("pk"), Host.objects.get(), MigrationJob.objects.earliest("pk")
    return {"host": made.pk, "group": made.group_id, "vm": vm.pk, "job": job.pk}


def test_no_page_takes_more_queries_with_more_rows(signed_in: Client, one: dict[str, int]) -> None:
    grow(1, 3)
    few = {path: queries(signed_in, path.format(**one)) for path in PATHS}
    grow(4, PAGE_SIZE)

    many = {path: queries(signed_in, path.format(**one)) for path in PATHS}

    assert {path: (few[path], many[path]) for path in PATHS if many[path] > few[path]} == {}
    assert max(many.values()) <= 34


@pytest.mark.parametrize("sort", VM_SORTS)
def test_a_column_orders_the_whole_list_and_not_a_page_of_it(signed_in: Client, one: dict[str, int], sort: str) -> None:
    grow(1, PAGE_SIZE)
    fields = {"cpu_percent": 99.0, "memory_mb": 999_999, "uptime_s": 999_999, "is_missing": False}
    last = make_vm("ZZZ", host("ZZ"), disk_gb=100, network="ZZZ", state="off", **fields)
    past_job(last.host, last.host, vm_name="ZZZ", vm_uid="ZZZ", vm=last, status="failed")

    assert names(signed_in, sort=f"-{sort}")[0] == "ZZZ"
    assert "ZZZ" not in names(signed_in, sort=sort)


@pytest.mark.parametrize("state", [*VmState, "what"])
@pytest.mark.parametrize("host_state", ["responding", "not-responding"])
@pytest.mark.parametrize("change", [{}, {"activity": "under-migration"}, {"is_missing": True}, {"is_merging": True}])
def test_the_database_says_the_status_as_the_page_does(
    db: None, state: str, host_state: str, change: dict[str, Any]
) -> None:
    make_vm("WEB01", host("HV01", state=host_state), **{"state": str(state), **change})

    vm = VirtualMachine.objects.annotate(word=status_word()).get()

    assert vm.word == vm.status
    assert vm.status in [*STATUSES, "Unknown"]


def test_the_status_narrows_the_list_and_a_word_finds_it(signed_in: Client) -> None:
    silent = host("HV02", state="not-responding")
    make_vm("A", host("HV01"))
    make_vm("B", Host.objects.get(name="HV01"), state="off")
    make_vm("C", silent)

    assert names(signed_in, status="Stopped") == ["B"]
    assert names(signed_in, status="Host Not Responding") == ["C"]
    assert names(signed_in, status="nonsense") == ["A", "B", "C"]
    assert names(signed_in, q="stopped") == ["B"]


def test_a_large_tree_brings_the_hosts_of_the_groups_that_are_open_and_no_others(signed_in: Client) -> None:
    near, far = group("Near"), group("Far")
    shown, hidden = host("HV000", group=near), host("KV000", group=far)
    bare_hosts(FEW_HOSTS, group("Rest"))

    marked = signed_in.get("/vms/", {"host": shown.pk}).content.decode()
    signed_in.cookies["ferry-opened"] = f"{far.pk}.x"
    opened = signed_in.get("/jobs/").content.decode()

    assert (f"tree-host-{shown.pk}" in marked, f"tree-host-{hidden.pk}" in marked) == (True, False)
    assert (f"tree-host-{shown.pk}" in opened, f"tree-host-{hidden.pk}" in opened) == (False, True)
    assert f'data-hosts-at="/tree/{far.pk}/' in marked


def test_a_group_that_is_opened_brings_its_first_hosts_and_says_how_many_more(signed_in: Client) -> None:
    near = group("Near")
    bare_hosts(MOST_HOSTS + 2, near)

    text = signed_in.get(f"/tree/{near.pk}/").content.decode()

    assert text.count("tree-host-") == MOST_HOSTS
    assert "2 more hosts" in text
    assert signed_in.get("/tree/999/").status_code == 404
