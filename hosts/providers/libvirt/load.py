"""Samples a host's load from what libvirt counts: the difference of two readings of one connection."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hosts.providers.errors import ProviderError
from hosts.providers.libvirt.constants import ALL_STATS_NOWAIT, CPU_STATS_ALL, StatsFlag
from hosts.providers.libvirt.host_reading import available_mb, memory_stats
from hosts.providers.libvirt.session import Session
from hosts.providers.types import HostLoad, VmLoad

# A shorter interval says little: it is waited for.
SHORTEST_S = 0.5
_COUNTED = StatsFlag.STATE | StatsFlag.CPU_TOTAL | StatsFlag.BALLOON | StatsFlag.INTERFACE | StatsFlag.BLOCK
_NICS = "/sys/class/net"
_MBIT_BYTES = 125_000


@dataclass(frozen=True, slots=True)
class Reading:
    """Counters at one moment, by `at_s` of a monotonic clock. `idle_ns` and `cpu_ns` are of all processors together."""

    at_s: float
    idle_ns: int
    total_ns: int
    domains: Mapping[str, Mapping[str, Any]]


def read_counters(session: Session) -> Reading:
    """One reading; a later one tells the load between the two."""
    with session.connection.refusals():
        cpu = session.hypervisor.getCPUStats(CPU_STATS_ALL)
        told = session.hypervisor.getAllDomainStats(_COUNTED, ALL_STATS_NOWAIT)
        domains = {domain.UUIDString(): stats for domain, stats in told}
    counted = ("user", "kernel", "idle", "iowait")
    idle = cpu.get("idle", 0) + cpu.get("iowait", 0)
    return Reading(time.monotonic(), idle, sum(cpu.get(name, 0) for name in counted), domains)


def load_between(session: Session, before: Reading) -> tuple[HostLoad, Reading]:
    """The load since `before`, and the reading that the next one begins with."""
    time.sleep(max(0.0, before.at_s + SHORTEST_S - time.monotonic()))
    now = read_counters(session)
    seconds = now.at_s - before.at_s
    busy = 1 - (now.idle_ns - before.idle_ns) / max(1, now.total_ns - before.total_ns)
    iops = _sum(now, before, "block", ("rd.reqs", "wr.reqs")) / seconds
    traffic = _sum(now, before, "net", ("rx.bytes", "tx.bytes")) / seconds
    bears = _bytes_per_s(session)
    cpu_count = int(session.refusals(session.hypervisor.getInfo)[2])
    load = HostLoad(
        cpu_percent=_percent(busy),
        memory_available_mb=available_mb(memory_stats(session)),
        disk_iops=iops,
        network_percent=_percent(traffic / bears) if bears else 0.0,
        vms=tuple(_vm_load(uid, now, before, cpu_count) for uid in now.domains),
    )
    return load, now


def _vm_load(uid: str, now: Reading, before: Reading, cpu_count: int) -> VmLoad:
    """In percent of all processors of the host, as Hyper-V tells it."""
    stats, was = now.domains[uid], before.domains.get(uid, {})
    used_ns = max(0, stats.get("cpu.time", 0) - was.get("cpu.time", stats.get("cpu.time", 0)))
    share = used_ns / 1e9 / (now.at_s - before.at_s) / max(1, cpu_count)
    return VmLoad(uid, _percent(share), _demand_kib(stats) // 1024)


def _demand_kib(stats: Mapping[str, Any]) -> int:
    """What the guest says it needs, where its balloon tells; else all that it was given."""
    if "balloon.available" in stats and "balloon.usable" in stats:
        return max(0, int(stats["balloon.available"]) - int(stats["balloon.usable"]))
    return int(stats.get("balloon.current", 0)) if stats.get("state.state") == 1 else 0


def _sum(now: Reading, before: Reading, group: str, names: tuple[str, ...]) -> float:
    """How much the counters of a group of all domains have grown. One that began anew counts from 0."""
    total = 0
    for uid, stats in now.domains.items():
        was = before.domains.get(uid)
        if was is None:
            continue
        for number in range(int(stats.get(f"{group}.count", 0))):
            for name in names:
                key = f"{group}.{number}.{name}"
                grown = int(stats.get(key, 0)) - int(was.get(key, 0))
                total += grown if grown >= 0 else int(stats.get(key, 0))
    return float(total)


def _bytes_per_s(session: Session) -> int:
    """What the host's network devices carry together, both ways; 0 where nobody knows. Without the host's own side
    nobody does."""
    if session.calls is None:
        return 0
    try:
        names = session.calls.list_folder(_NICS).folders
        paths = [f"{_NICS}/{name}/speed" for name in names]
        devices = session.calls.stat([f"{_NICS}/{name}/device" for name in names])
        texts = session.calls.read_files([path for path in paths if f"{path.removesuffix('speed')}device" in devices])
    except ProviderError:
        return 0
    speeds = [int(text) for text in texts.values() if text and text.strip().isdecimal()]
    return 2 * _MBIT_BYTES * sum(speeds)


def _percent(share: float) -> float:
    return min(100.0, max(0.0, 100.0 * share))
