"""Averages of a host count since other VMs run there, those of a VM since it runs where it runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hosts.inventory import refresh_host, relocate_vm, sample_host
from hosts.models import Host, VirtualMachine, VmLoadSample
from hosts.providers.types import Vm, VmLoad, VmState
from tests.hosts.memory import Neighbourhood, make_load, make_vm

WEB = make_vm("WEB01")


@pytest.fixture
def vm(hv01: Host, network: Neighbourhood) -> VirtualMachine:
    """WEB01 on HV01, which has been sampled once since."""
    network.hosts["hv01"].has(WEB)
    network.hosts["hv01"].load = make_load(WEB, cpu_percent=10.0)
    refresh_host(hv01)
    return VirtualMachine.objects.get()


def sampled(network: Neighbourhood, cpu_percent: float, vm_percent: float) -> None:
    load = make_load(cpu_percent=cpu_percent)
    network.hosts["hv01"].load = replace(load, vms=(VmLoad(WEB.uid, vm_percent, 2048),))
    sample_host(Host.objects.get(name="HV01"))


def test_every_sample_since_counts_the_same(vm: VirtualMachine, network: Neighbourhood) -> None:
    sampled(network, 20.0, 63.0)
    sampled(network, 60.0, 0.0)

    host = Host.objects.get(name="HV01")
    vm.refresh_from_db()
    assert (host.load_count, vm.load_count) == (3, 3)
    assert [host.mean_cpu_percent, vm.mean_cpu_percent] == pytest.approx([30.0, 32.0])
    assert vm.mean_memory_mb == pytest.approx((1024 + 2048 + 2048) / 3)


@pytest.mark.parametrize("change", [replace(WEB, state=VmState.OFF), make_vm("NEW01")], ids=["turned off", "other VM"])
def test_they_begin_anew_when_other_vms_run_there(
    vm: VirtualMachine, hv01: Host, network: Neighbourhood, change: Vm
) -> None:
    network.hosts["hv01"].has(change)
    network.hosts["hv01"].load = make_load(cpu_percent=80.0)

    refresh_host(hv01)

    host = Host.objects.get(name="HV01")
    assert (host.load_count, host.mean_cpu_percent) == (1, 80.0)


def test_a_move_begins_them_anew_on_both_hosts_and_of_the_vm(vm: VirtualMachine, hv02: Host) -> None:
    relocate_vm(vm.pk, hv02)

    assert set(Host.objects.values_list("load_count", flat=True)) == {0}
    assert VirtualMachine.objects.get().load_count == 0


def test_a_sample_that_was_asked_for_before_the_move_does_not_count(
    vm: VirtualMachine, hv01: Host, hv02: Host, network: Neighbourhood
) -> None:
    network.hosts["hv01"].meanwhile = lambda: relocate_vm(vm.pk, hv02)

    refresh_host(hv01)

    assert Host.objects.get(name="HV01").load_count == 0


def test_a_vm_that_is_off_is_not_sampled(hv01: Host, network: Neighbourhood) -> None:
    off = replace(WEB, state=VmState.OFF)
    network.hosts["hv01"].has(off)
    network.hosts["hv01"].load = make_load(off)

    refresh_host(hv01)

    assert not VmLoadSample.objects.exists()
