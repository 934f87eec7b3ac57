"""Every host is rated from rows, best first, by the same few queries however many there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from hosts.inventory import refresh_host, root_group, set_maintenance
from hosts.models import Host, HostGroup, LoadSample, VirtualMachine
from hosts.placement import need_of, rate_host, rate_hosts
from hosts.providers.types import Disk, HostLoad, VmState
from tests.hosts.conftest import add
from tests.hosts.memory import GB, Neighbourhood, make_vm


@pytest.fixture
def vm(hv01: Host, network: Neighbourhood) -> VirtualMachine:
    """WEB01, running on HV01."""
    network.hosts["hv01"].has(make_vm("WEB01"))
    refresh_host(hv01)
    return VirtualMachine.objects.select_related("host").get()


def test_what_a_vm_needs_comes_from_its_rows(vm: VirtualMachine) -> None:
    need = need_of(vm)

    assert (need.busy_processors, need.needed_memory_mb, need.disk_bytes) == (0.8, 4096, 12 * GB)
    assert (need.networks, need.cpu_vendor, need.kind) == (frozenset({"LAN"}), "GenuineIntel", "hyperv")


def test_a_vm_that_is_off_is_expected_to_take_a_fifth_of_its_processors(vm: VirtualMachine) -> None:
    vm.state = VmState.OFF

    assert need_of(vm).busy_processors == pytest.approx(0.4)


def test_pass_through_shared_and_assigned_parts_are_named(hv01: Host, network: Neighbourhood) -> None:
    base = make_vm("SQL01")
    parts = (
        replace(base.disks[0], location="SCSI 0:1", is_shared=True),
        Disk("SCSI 0:2", 0, False, (), is_pass_through=True),
    )
    network.hosts["hv01"].has(replace(base, disks=(*base.disks, *parts), has_assigned_device=True))
    refresh_host(hv01)

    assert need_of(VirtualMachine.objects.get()).immovable_parts == (
        "the shared disk at SCSI 0:1",
        "the pass-through disk at SCSI 0:2",
        "a device of its host assigned to it",
    )


def test_hosts_come_best_first_and_blocked_ones_last(vm: VirtualMachine, hv02: Host, network: Neighbourhood) -> None:
    network.add("hv03").load = HostLoad(80.0, 6_000, 5_000.0, 50.0, ())
    network.add("hv04").load = HostLoad(0.0, 1_000, 0.0, 0.0, ())
    for name in ("HV03", "HV04"):
        add(name, name.lower())

    rated = rate_hosts(vm)

    assert [it.host.name for it in rated] == ["HV02", "HV03", "HV04", "HV01"]
    assert [it.rating.stars > 0 for it in rated] == [True, True, False, False]
    assert [it.rating.is_blocked for it in rated] == [False, False, False, True]


def test_a_host_is_rated_alone_as_among_the_others(vm: VirtualMachine, hv02: Host, network: Neighbourhood) -> None:
    alone = rate_host(vm, hv02).rating
    network.add("hv03")
    set_maintenance(add("HV03", "hv03"), is_on=True)

    assert {it.host.name: it.rating for it in rate_hosts(vm)}["HV02"] == alone == rate_host(vm, hv02).rating


def test_the_queries_do_not_grow_with_the_hosts(
    vm: VirtualMachine, hv02: Host, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Host.objects.bulk_create(Host(name=f"HV{n:02}", group=root_group(), password=hv02.password) for n in range(10, 40))
    fresh = VirtualMachine.objects.select_related("host").get()

    with django_assert_num_queries(7):
        assert len(rate_hosts(fresh)) == 32


def test_the_reserves_are_those_of_the_group(vm: VirtualMachine, hv02: Host) -> None:
    HostGroup.objects.update(memory_reserve_mb=10_000, max_disk_iops=600, cpu_reserve_percent=50)

    rating = rate_host(vm, hv02).rating

    assert [factor.capacity for factor in rating.factors] == [50, 6_384, 600, 90]
    assert "above its reserve of 9.8 GB" in rating.zero_reasons[0].text


def test_the_load_is_the_average_since_other_vms_ran_there(vm: VirtualMachine, hv02: Host) -> None:
    now = timezone.now()
    LoadSample.objects.all().delete()
    for minutes, cpu in ((10, 30.0), (20, 50.0), (40, 99.0)):
        LoadSample.objects.create(
            host=hv02,
            at=now - timedelta(minutes=minutes),
            cpu_percent=cpu,
            memory_used_mb=0,
            disk_iops=0,
            network_percent=0,
        )
    Host.objects.filter(pk=hv02.pk).update(load_since=now - timedelta(minutes=30), cpu_percent=10)

    assert rate_host(vm, hv02).rating.factors[0].now == 40.0


def test_without_samples_the_latest_load_counts(vm: VirtualMachine, hv02: Host) -> None:
    LoadSample.objects.all().delete()

    assert rate_host(vm, hv02).rating.factors[0].now == 20.0


def test_a_host_that_does_not_respond_is_rated_by_that(vm: VirtualMachine, hv02: Host, network: Neighbourhood) -> None:
    del network.hosts["hv02"]
    refresh_host(hv02)

    assert rate_host(vm, hv02).rating.zero_reasons[0].text == "The state of HV02 is Not Responding."
