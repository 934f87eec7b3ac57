"""Hosts as rows, for tests of lists and reports: round numbers, nobody asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from hosts.inventory import root_group
from hosts.models import Host, HostGroup, HostLoadHour, HostVolume
from hosts.providers.types import Secret

GB = 1 << 30


def group(name: str, parent: HostGroup | None = None) -> HostGroup:
    return HostGroup.objects.create(name=name, parent=parent or root_group())


def host(name: str, **changes: Any) -> Host:
    """10 processors 20 % busy, 16 GB of memory of which 12 are free, D: with 100 of 400 GB free."""
    fields: dict[str, Any] = {
        "group": changes.pop("group", None) or root_group(),
        "address": name.lower()[:50],
        "username": "LAB\\svc-ferry",
        "password": Secret("secret"),
        "state": Host.State.RESPONDING,
        "cpu_count": 10,
        "cpu_percent": 20.0,
        "memory_mb": 16_384,
        "memory_available_mb": 12_288,
        "disk_iops": 500.0,
        "network_percent": 5.0,
        "os_name": "Windows Server 2022 Datacenter",
        "os_version": "10.0.20348",
        "last_contact_at": timezone.now(),
    }
    made = Host.objects.create(name=name, **fields | changes)
    HostVolume.objects.create(host=made, path="D:\\", size_bytes=400 * GB, free_bytes=100 * GB)
    return made


def hours(of: Host, *cpu_percents: float) -> None:
    """Averages of the last hours, the latest first."""
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    HostLoadHour.objects.bulk_create(
        HostLoadHour(
            host=of,
            at=hour - timedelta(hours=back),
            cpu_percent=cpu,
            memory_used_mb=4096,
            disk_iops=500,
            network_percent=5,
            sample_count=60,
        )
        for back, cpu in enumerate(cpu_percents, start=1)
    )
