"""Averages since something happened, kept with each sample, so that rating thousands of hosts reads no sample.

SCVMM's rule: the samples of a host count since a VM there was made, moved, deleted or changed its power state.
Those of a VM count since it began to run where it runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from hosts.models import Host, VirtualMachine, VmLoadSample
from hosts.providers.types import VmLoad, VmState

_MEANS = {
    "mean_cpu_percent": "cpu_percent",
    "mean_disk_iops": "disk_iops",
    "mean_network_percent": "network_percent",
}


def recall(host: Host) -> None:
    """The averages as they are in the row: a job that moved a VM has begun them anew since `host` was read."""
    host.refresh_from_db(fields=["load_since", "load_count", *_MEANS])


def count_in(host: Host, at: datetime) -> Sequence[str]:
    """Take the host's latest load into its averages; returns the fields that are set, unsaved."""
    if at < host.load_since:
        return []
    host.load_count += 1
    for mean, latest in _MEANS.items():
        setattr(host, mean, _mean(getattr(host, mean), getattr(host, latest), host.load_count))
    return ["load_count", *_MEANS]


def forget(host: Host, at: datetime) -> Sequence[str]:
    """Other VMs run on the host since `at`: its averages begin anew. Returns the fields that are set, unsaved."""
    host.load_since, host.load_count = at, 0
    return ["load_since", "load_count"]


def count_in_vms(host: Host, loads: Iterable[VmLoad], at: datetime) -> None:
    """The latest load of the host's VMs, their averages, and a sample of each that runs: three statements."""
    rows = {row.uid: row for row in host.vms.all()}
    known = [(rows[load.uid], load) for load in loads if load.uid in rows]
    for row, load in known:
        row.cpu_percent, row.memory_demand_mb = load.cpu_percent, load.memory_demand_mb
        row.load_count = row.load_count + 1 if row.state == VmState.RUNNING else 0
        row.mean_cpu_percent = _mean(row.mean_cpu_percent, load.cpu_percent, row.load_count)
        row.mean_memory_mb = _mean(row.mean_memory_mb, load.memory_demand_mb, row.load_count)
    changed = ["cpu_percent", "memory_demand_mb", "load_count", "mean_cpu_percent", "mean_memory_mb"]
    VirtualMachine.objects.bulk_update([row for row, _ in known], changed)
    VmLoadSample.objects.bulk_create(
        VmLoadSample(vm=row, at=at, cpu_percent=row.cpu_percent, memory_mb=row.memory_demand_mb)
        for row, _ in known
        if row.state == VmState.RUNNING
    )


def _mean(mean: float, value: float, count: int) -> float:
    """The mean of `count` values, the last of which is `value`, from the mean of those before it."""
    return mean + (value - mean) / count if count > 1 else float(value)
