"""A VM and a host to rate: round numbers, so that expected values can be worked out by hand."""

from __future__ import annotations

from typing import Any

from hosts.providers.types import VmState
from hosts.rating_types import HostSituation, VmNeed

GB = 1 << 30


def need(**changes: Any) -> VmNeed:
    """Runs on one processor's worth of CPU, has 1,000 MB of memory, 12 GB on disk, connected to LAN."""
    fields: dict[str, Any] = {
        "name": "WEB01",
        "kind": "hyperv",
        "state": VmState.RUNNING,
        "version": "10.0",
        "cpu_count": 2,
        "cpu_vendor": "GenuineIntel",
        "busy_processors": 1.0,
        "memory_mb": 1000,
        "memory_demand_mb": 500,
        "memory_startup_mb": 800,
        "disk_bytes": 12 * GB,
        "networks": frozenset({"LAN"}),
    }
    return VmNeed(**fields | changes)


def situation(**changes: Any) -> HostSituation:
    """10 processors, 10,000 MB of memory and its reserve of 256, half of everything in use but memory: 3,000 MB."""
    fields: dict[str, Any] = {
        "name": "HV02",
        "kind": "hyperv",
        "state": "Responding",
        "is_responding": True,
        "is_in_maintenance": False,
        "is_clustered": False,
        "has_vm": False,
        "cpu_vendor": "GenuineIntel",
        "cpu_count": 10,
        "cpu_percent": 35.0,
        "memory_mb": 10_256,
        "memory_available_mb": 7_256,
        "disk_iops": 5_000.0,
        "network_percent": 45.0,
        "free_bytes": {"C:\\": 20 * GB, "D:\\": 300 * GB},
        "networks": frozenset({"LAN", "DMZ"}),
        "vm_versions": frozenset({"9.0", "10.0"}),
    }
    return HostSituation(**fields | changes)
