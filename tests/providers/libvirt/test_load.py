"""A host's load from two readings of libvirt's counters."""

from __future__ import annotations

from typing import Any

import pytest

from hosts.providers.libvirt.load import Reading, host_load
from hosts.providers.types import VmLoad

RUNNING: dict[str, Any] = {"state.state": 1, "balloon.current": 1 << 20, "net.count": 1, "block.count": 1}


def reading(at_s: float, idle_s: float, **domains: dict[str, Any]) -> Reading:
    """Of a host with two processors."""
    return Reading(at_s, int(idle_s * 1e9), int(2 * at_s * 1e9), domains)


def counted(cpu_s: float, requests: int, bytes_: int) -> dict[str, Any]:
    return {**RUNNING, "cpu.time": int(cpu_s * 1e9), "block.0.rd.reqs": requests, "net.0.tx.bytes": bytes_}


def test_processors_disks_and_network_are_what_was_used_between_the_readings() -> None:
    before, now = reading(10, 16, a=counted(1, 100, 1000)), reading(20, 31, a=counted(3, 400, 51_000))

    load = host_load(before, now, 2, 512, bytes_per_s=100_000)

    assert [load.cpu_percent, load.disk_iops, load.network_percent] == pytest.approx([25, 30, 5])
    assert load.memory_available_mb == 512
    assert load.vms == (VmLoad("a", 10.0, 1024),)


def test_a_vm_that_came_between_and_counters_that_began_anew_spoil_nothing() -> None:
    before = reading(10, 16, a=counted(9, 900, 0))
    now = reading(20, 36, a=counted(1, 50, 0), b=counted(5, 5000, 0))

    load = host_load(before, now, 2, 512, bytes_per_s=0)

    assert (load.cpu_percent, load.disk_iops, load.network_percent) == (0, 5, 0)
    assert [vm.cpu_percent for vm in load.vms] == [0, 0]


def test_a_guest_whose_balloon_tells_needs_what_it_says_and_one_that_is_off_nothing() -> None:
    tells = {**RUNNING, "balloon.available": 900 << 10, "balloon.usable": 600 << 10}
    off = {**RUNNING, "state.state": 5}

    load = host_load(reading(10, 16), reading(20, 36, a=tells, b=off), 2, 512, bytes_per_s=0)

    assert [vm.memory_demand_mb for vm in load.vms] == [300, 0]
