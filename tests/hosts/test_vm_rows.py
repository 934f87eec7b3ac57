"""VMs come, go and change their hosts; a VM keeps its row, and a job's copy is nobody's VM yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from hosts.inventory import refresh_host, relocate_vm, set_activity
from hosts.models import Host, VirtualMachine
from hosts.providers.types import Checkpoint, StateFile, VmState
from tests.hosts.memory import Neighbourhood, make_vm

WEB01 = make_vm("WEB01")
Activity = VirtualMachine.Activity


def row_of(host: Host) -> VirtualMachine:
    return VirtualMachine.objects.get(host=host)


def test_a_vm_is_updated_in_its_row_and_keeps_its_activity(hv01: Host, network: Neighbourhood) -> None:
    network.hosts["hv01"].has(WEB01)
    refresh_host(hv01)
    before = row_of(hv01)
    set_activity(before, Activity.MIGRATION_FAILED)
    point = Checkpoint("c1", "before the update", None)
    memory = StateFile("x", 7, "1-7")
    later = replace(WEB01, name="WEB1", state=VmState.SAVED, checkpoints=(point,), state_files=(memory,))
    network.hosts["hv01"].has(replace(later, disks=(), adapters=()))

    refresh_host(hv01)

    after = row_of(hv01)
    assert (after.pk, after.name, after.state, after.activity) == (before.pk, "WEB1", "saved", "migration-failed")
    assert (after.state_files_bytes, after.checkpoints[0]["name"]) == (7, "before the update")
    assert not after.disks.exists()
    assert not after.adapters.exists()


def test_a_vm_that_is_gone_is_missing_with_its_last_known_disks(hv01: Host, network: Neighbourhood) -> None:
    network.hosts["hv01"].has(WEB01)
    refresh_host(hv01)
    network.hosts["hv01"].has()

    refresh_host(hv01)

    assert row_of(hv01).is_missing
    assert row_of(hv01).status == "Missing"
    assert row_of(hv01).disks.count() == 1


def test_a_missing_vm_that_is_back_is_not_missing(hv01: Host, network: Neighbourhood) -> None:
    for vms in ((WEB01,), (), (WEB01,)):
        network.hosts["hv01"].has(*vms)
        refresh_host(hv01)

    assert not row_of(hv01).is_missing


@pytest.mark.parametrize("first", ["hv01", "hv02"])
def test_a_vm_moved_by_somebody_else_takes_its_row_along_whichever_host_is_asked_first(
    hv01: Host, hv02: Host, network: Neighbourhood, first: str
) -> None:
    network.hosts["hv01"].has(WEB01)
    refresh_host(hv01)
    before = row_of(hv01)
    network.hosts["hv01"].has()
    network.hosts["hv02"].has(WEB01)

    for host in (hv01, hv02) if first == "hv01" else (hv02, hv01):
        refresh_host(host)

    after = VirtualMachine.objects.get()
    assert (after.pk, after.host, after.is_missing) == (before.pk, hv02, False)
    assert after.disks.count() == 1


def test_a_vm_registered_twice_is_listed_twice_until_one_is_gone(
    hv01: Host, hv02: Host, network: Neighbourhood
) -> None:
    for host in (hv01, hv02):
        network.hosts[host.address].has(WEB01)
        refresh_host(host)
    assert VirtualMachine.objects.count() == 2
    older = row_of(hv01).pk
    network.hosts["hv02"].has()

    refresh_host(hv02)

    assert VirtualMachine.objects.get().pk == older
    assert row_of(hv01).is_missing is False


def test_the_copy_of_a_vm_under_migration_is_not_listed_on_the_target(
    hv01: Host, hv02: Host, network: Neighbourhood
) -> None:
    network.hosts["hv01"].has(WEB01)
    refresh_host(hv01)
    set_activity(row_of(hv01), Activity.UNDER_MIGRATION)
    network.hosts["hv02"].has(WEB01)

    refresh_host(hv02)

    assert VirtualMachine.objects.get().host == hv01


def test_a_vm_under_migration_is_not_called_missing_when_its_source_has_let_it_go(
    hv01: Host, hv02: Host, network: Neighbourhood
) -> None:
    network.hosts["hv01"].has(WEB01)
    refresh_host(hv01)
    set_activity(row_of(hv01), Activity.UNDER_MIGRATION)
    network.hosts["hv01"].has()
    network.hosts["hv02"].has(WEB01)

    refresh_host(hv01)
    refresh_host(hv02)

    row = VirtualMachine.objects.get()
    assert (row.host, row.is_missing, row.status) == (hv01, False, "Under Migration")


def test_a_relocated_vm_keeps_its_row_and_replaces_what_stood_there(
    hv01: Host, hv02: Host, network: Neighbourhood
) -> None:
    for host in (hv01, hv02):
        network.hosts[host.address].has(WEB01)
        refresh_host(host)
    row = row_of(hv01)

    relocate_vm(row.pk, hv02)

    after = VirtualMachine.objects.get()
    assert (after.pk, after.host, after.is_missing) == (row.pk, hv02, False)


def test_what_a_host_said_before_the_move_does_not_bring_the_vm_back(
    hv01: Host, hv02: Host, network: Neighbourhood
) -> None:
    network.hosts["hv01"].has(WEB01)
    refresh_host(hv01)
    row = row_of(hv01)
    network.hosts["hv01"].meanwhile = lambda: relocate_vm(row.pk, hv02)

    refresh_host(hv01)

    assert VirtualMachine.objects.get().host == hv02


def test_what_the_target_said_before_the_move_does_not_make_the_vm_missing(
    hv01: Host, hv02: Host, network: Neighbourhood
) -> None:
    network.hosts["hv01"].has(WEB01)
    refresh_host(hv01)
    row = row_of(hv01)
    network.hosts["hv02"].meanwhile = lambda: relocate_vm(row.pk, hv02)

    refresh_host(hv02)

    assert not VirtualMachine.objects.get().is_missing


def test_a_copy_seen_before_its_job_was_undone_does_not_become_a_vm(
    hv01: Host, hv02: Host, network: Neighbourhood
) -> None:
    network.hosts["hv01"].has(WEB01)
    refresh_host(hv01)
    row = row_of(hv01)
    set_activity(row, Activity.UNDER_MIGRATION)
    network.hosts["hv02"].has(WEB01)
    network.hosts["hv02"].meanwhile = lambda: set_activity(row, Activity.NONE)

    refresh_host(hv02)

    assert VirtualMachine.objects.get().host == hv01


def test_a_row_with_a_failed_job_outlives_the_one_without(hv01: Host, hv02: Host, network: Neighbourhood) -> None:
    for host in (hv02, hv01):
        network.hosts[host.address].has(WEB01)
        refresh_host(host)
    failed = row_of(hv01)
    set_activity(failed, Activity.MIGRATION_FAILED)
    network.hosts["hv01"].has()

    refresh_host(hv01)

    after = VirtualMachine.objects.get()
    assert (after.pk, after.host, after.activity) == (failed.pk, hv02, "migration-failed")


def test_samples_count_anew_when_other_vms_run_on_the_host(hv01: Host, network: Neighbourhood) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    Host.objects.update(load_since=long_ago)
    refresh_host(hv01)
    assert Host.objects.get().load_since == long_ago

    network.hosts["hv01"].has(WEB01)
    refresh_host(hv01)

    assert Host.objects.get().load_since > long_ago


def test_the_statements_of_a_refresh_do_not_grow_with_the_vms(hv01: Host, network: Neighbourhood) -> None:
    def statements(count: int) -> int:
        network.hosts["hv01"].has(*(make_vm(f"VM{number:03}") for number in range(count)))
        with CaptureQueriesContext(connection) as captured:
            refresh_host(hv01)
        return len(captured)

    assert statements(1) == statements(20) <= 25  # SQLite takes the fields of 29 virtual machines in one statement


def test_a_refresh_of_an_unchanged_host_is_short(
    hv01: Host, network: Neighbourhood, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    network.hosts["hv01"].has(*(make_vm(f"VM{number:03}") for number in range(30)))
    refresh_host(hv01)

    with django_assert_max_num_queries(18):
        refresh_host(hv01)
