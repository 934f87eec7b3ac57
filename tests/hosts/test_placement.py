"""Every host is rated from rows, best first, by the same few queries however many there are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest_django import DjangoAssertNumQueries

from hosts.inventory import refresh_host, root_group, set_maintenance
from hosts.models import Host, HostGroup, VirtualMachine
from hosts.placement import need_of, rank, rate_host, rate_hosts, reference_ratings, stream_ratings
from hosts.providers.types import Disk, HostLoad, VmLoad, VmState
from hosts.rating_types import ExpectedLoad, Options
from hosts.rules import Rule
from tests.hosts.conftest import add
from tests.hosts.memory import GB, Neighbourhood, make_load, make_vm


@pytest.fixture
def vm(hv01: Host, network: Neighbourhood) -> VirtualMachine:
    """WEB01, running on HV01."""
    network.hosts["hv01"].has(make_vm("WEB01"))
    refresh_host(hv01)
    return VirtualMachine.objects.select_related("host").get()


def test_what_a_vm_needs_comes_from_its_rows(vm: VirtualMachine) -> None:
    need = need_of(vm)

    assert (need.largest_disk_bytes, need.vlans) == (12 * GB, frozenset({("LAN", 20)}))
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

    need = need_of(VirtualMachine.objects.get())
    assert (need.shared_disks, need.pass_through_disks) == (("SCSI 0:1",), ("SCSI 0:2",))
    assert need.has_assigned_device


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

    with django_assert_num_queries(8):
        assert len(rate_hosts(fresh)) == 32


def test_the_reserves_are_those_of_the_group(vm: VirtualMachine, hv02: Host) -> None:
    HostGroup.objects.update(memory_reserve_mb=10_000, max_disk_iops=600, cpu_reserve_percent=50)

    rating = rate_host(vm, hv02).rating

    assert [factor.capacity for factor in rating.factors] == [50, 6_384, 600, 90]
    assert "above its reserve of 9.8 GB" in rating.zero_reasons[0].text


def test_the_load_is_the_average_since_other_vms_ran_there(
    vm: VirtualMachine, hv02: Host, network: Neighbourhood
) -> None:
    network.hosts["hv02"].has(make_vm("DB01"))
    for cpu in (30.0, 50.0):
        network.hosts["hv02"].load = make_load(cpu_percent=cpu)
        refresh_host(hv02)

    assert rate_host(vm, hv02).rating.factors[0].now == 40.0


def test_before_there_is_a_sample_the_latest_load_counts(vm: VirtualMachine, hv02: Host) -> None:
    Host.objects.filter(pk=hv02.pk).update(load_count=0, mean_cpu_percent=99)

    assert rate_host(vm, hv02).rating.factors[0].now == 20.0


def test_a_vm_is_expected_to_do_what_its_own_samples_say(hv01: Host, network: Neighbourhood) -> None:
    web = make_vm("WEB01")
    network.hosts["hv01"].has(web)
    for percent in (10.0, 40.0):
        network.hosts["hv01"].load = replace(make_load(web), vms=(VmLoad(web.uid, percent, 1024),))
        refresh_host(hv01)

    row = VirtualMachine.objects.get()
    assert need_of(row).busy_processors == pytest.approx(0.25 * 8)
    assert need_of(row, Options(expected=ExpectedLoad(cpu_percent=50))).busy_processors == 1.0


def test_hosts_come_in_batches_after_one_round_of_queries(
    vm: VirtualMachine, hv02: Host, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Host.objects.bulk_create(Host(name=f"HV{n:02}", group=root_group(), password=hv02.password) for n in range(10, 15))
    stream = stream_ratings(vm, batch=3)

    first = next(stream)

    with django_assert_num_queries(0):
        rest = list(stream)
    assert [it.host.name for it in first] == ["HV01", "HV02", "HV10"]
    assert [len(some) for some in rest] == [3, 1]
    assert sorted((*first, *(it for some in rest for it in some)), key=rank) == rate_hosts(vm)


def test_the_source_is_told_without_the_vm(vm: VirtualMachine, hv02: Host) -> None:
    cpu, memory, *_ = rate_host(vm, hv02).source

    assert (cpu.now, cpu.after) == (20.0, 10.0)
    assert (memory.now, memory.after) == (4_384, 288)


def test_another_vm_in_the_vlan_shows_that_it_is_carried(
    vm: VirtualMachine, hv02: Host, network: Neighbourhood
) -> None:
    assert [it.rule for it in rate_host(vm, hv02).rating.favours] == [Rule.VLAN_IN_USE]
    network.hosts["hv02"].has(make_vm("DB01"))
    refresh_host(hv02)

    assert rate_host(vm, hv02).rating.favours == ()


def test_every_host_has_stars_for_a_new_vm(hv01: Host, hv02: Host, network: Neighbourhood) -> None:
    set_maintenance(hv02, is_on=True)

    ratings = reference_ratings()

    assert [ratings[host.pk].stars > 0 for host in (hv01, hv02)] == [True, False]


def test_a_host_that_does_not_respond_is_rated_by_that(vm: VirtualMachine, hv02: Host, network: Neighbourhood) -> None:
    del network.hosts["hv02"]
    refresh_host(hv02)

    assert rate_host(vm, hv02).rating.zero_reasons[0].text == "The state of HV02 is Not Responding."
