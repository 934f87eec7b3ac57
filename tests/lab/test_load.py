"""The load of an emulated host is its own and that of its running VMs: what moves, moves its load."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.support import TAG, HostInside


def load(host: HostInside) -> tuple[float, float, float, int]:
    told: dict[str, Any] = host.run("sample-host")
    return told["cpu_percent"], told["disk_iops"], told["network_percent"], told["memory_available_mb"]


def test_a_vm_that_stops_takes_its_load_with_it(host: HostInside) -> None:
    settings, config = host.machine.settings, host.machine.get(host.uid("WEB01")).config
    busy = load(host)

    host.mark("WEB01")
    host.run("save-vm", VmId=config.uid, Tag=TAG)

    idle = load(host)
    assert idle[0] == settings.cpu_percent
    assert busy[0] - idle[0] == pytest.approx(config.cpu_percent * config.cpu_count / settings.cpu_count)
    assert busy[1] - idle[1] == config.records_per_s
    assert busy[2] - idle[2] == pytest.approx(100 * config.network_mbps / settings.link_mbps)
    assert idle[3] - busy[3] == config.memory_mb


def test_a_vm_tells_its_part_of_its_hosts_processors(host: HostInside) -> None:
    (running,) = [vm for vm in host.run("sample-host")["vms"] if vm["cpu_percent"]]

    assert running["uid"] == host.uid("WEB01")
    assert running["cpu_percent"] == pytest.approx(load(host)[0] - host.machine.settings.cpu_percent)
