"""Samples become hourly averages once, holes stay holes, and what is old goes after it was averaged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from hosts.inventory import refresh_host
from hosts.models import Host, HostLoadHour, LoadSample, VirtualMachine, VmLoadHour, VmLoadSample
from hosts.rollup import forget_old_loads, hour_of, roll_up
from hosts.series import Point, host_series, vm_series
from tests.hosts.memory import Neighbourhood, make_load, make_vm

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def sample(host: Host, at: datetime, cpu_percent: float) -> None:
    LoadSample.objects.create(
        host=host, at=at, cpu_percent=cpu_percent, memory_used_mb=1000, disk_iops=100, network_percent=1
    )


@pytest.fixture
def host(hv01: Host) -> Host:
    """HV01, sampled at 9:10 and 9:50 and at 11:30: nothing between 10 and 11."""
    LoadSample.objects.all().delete()
    for hours, minutes, cpu in ((9, 10, 10.0), (9, 50, 30.0), (11, 30, 50.0)):
        sample(hv01, NOON.replace(hour=hours, minute=minutes), cpu)
    return hv01


def hours() -> list[tuple[int, float, int]]:
    return [(it.at.hour, it.cpu_percent, it.sample_count) for it in HostLoadHour.objects.order_by("at")]


def test_hours_that_are_over_are_averaged_and_holes_stay_holes(host: Host) -> None:
    assert roll_up(NOON + timedelta(minutes=10)) == 2

    assert hours() == [(9, 20.0, 2), (11, 50.0, 1)]


def test_an_hour_that_may_still_get_samples_is_left_alone(host: Host) -> None:
    roll_up(NOON + timedelta(minutes=4))

    assert hours() == [(9, 20.0, 2)]


def test_a_second_run_changes_nothing(host: Host) -> None:
    roll_up(NOON + timedelta(minutes=10))
    before = list(HostLoadHour.objects.values())

    assert roll_up(NOON + timedelta(minutes=20)) == 0
    assert list(HostLoadHour.objects.values()) == before


def test_a_run_that_was_cut_short_goes_on_where_it_was(host: Host, hv02: Host) -> None:
    LoadSample.objects.filter(host=hv02).delete()
    roll_up(NOON + timedelta(minutes=10))
    sample(hv02, NOON.replace(hour=11, minute=5), 70.0)

    assert roll_up(NOON + timedelta(minutes=20)) == 1
    assert HostLoadHour.objects.get(host=hv02).cpu_percent == 70.0


def test_the_queries_of_an_hour_do_not_grow_with_the_hosts(
    host: Host, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    Host.objects.bulk_create(Host(name=f"HV{n}", group=host.group, password=host.password) for n in range(100, 160))
    for each in Host.objects.all():
        sample(each, NOON.replace(hour=9, minute=20), 5.0)

    with django_assert_max_num_queries(22):
        assert roll_up(NOON.replace(hour=10, minute=30)) == 61


def test_old_samples_and_old_averages_go(host: Host) -> None:
    roll_up(NOON + timedelta(hours=3))

    forget_old_loads(NOON + timedelta(hours=22))
    assert [it.at.hour for it in LoadSample.objects.all()] == [11]
    assert len(hours()) == 2

    forget_old_loads(NOON + timedelta(days=90, hours=-2))
    assert (LoadSample.objects.count(), hours()) == (0, [(11, 50.0, 1)])


def test_samples_that_may_still_be_averaged_stay_however_short_they_are_kept(host: Host, settings: Settings) -> None:
    settings.SAMPLES_KEEP_H = 0

    forget_old_loads(NOON + timedelta(minutes=4))

    assert [it.at.hour for it in LoadSample.objects.all()] == [11]


def test_a_vm_that_runs_is_sampled_with_its_host(hv01: Host, network: Neighbourhood) -> None:
    vm = make_vm("WEB01")
    network.hosts["hv01"].has(vm)
    network.hosts["hv01"].load = make_load(vm)
    refresh_host(hv01)
    VmLoadSample.objects.update(at=NOON.replace(hour=9))

    roll_up(NOON)

    assert VmLoadHour.objects.values_list("cpu_percent", "memory_mb", "sample_count").get() == (33.0, 1024, 1)


def test_a_series_is_hours_and_what_there_is_of_the_present_one(
    hv01: Host, hv02: Host, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    LoadSample.objects.all().delete()
    hour = hour_of(datetime.now(UTC))
    for back in (0, 1, 2, 30):
        sample(hv01, hour - timedelta(hours=back), 10.0 * back)
    roll_up(hour - timedelta(minutes=30))

    with django_assert_num_queries(1):
        found = host_series([hv01.pk, hv02.pk])

    assert found[hv02.pk] == []
    assert [point.at for point in found[hv01.pk]] == [hour - timedelta(hours=back) for back in (2, 1, 0)]
    assert found[hv01.pk][1] == Point(hour - timedelta(hours=1), 10.0, 1000, 100, 1)


def test_vms_have_series_too(hv01: Host, network: Neighbourhood) -> None:
    vm = make_vm("WEB01")
    network.hosts["hv01"].has(vm)
    network.hosts["hv01"].load = make_load(vm)
    refresh_host(hv01)

    (points,) = vm_series([VirtualMachine.objects.get().pk]).values()

    assert [(point.cpu_percent, point.memory_mb) for point in points] == [(33.0, 1024)]
