"""A generated fleet: 1,000 hosts, 20,000 VMs and a day of load, the same every time. Rows only; no host answers."""

from __future__ import annotations

import random
from datetime import timedelta

from django.utils import timezone

from hosts.inventory import root_group
from hosts.models import (
    Host,
    HostGroup,
    HostLoadHour,
    HostVolume,
    LoadSample,
    VirtualAdapter,
    VirtualDisk,
    VirtualMachine,
    VirtualNetwork,
)
from hosts.providers.types import Secret
from hosts.rollup import hour_of
from hosts.units import GB

HOSTS = 1000
VMS_A_HOST = 20
GROUPS = 20
BATCH = 500

_SIZES_GB = (128, 256, 512, 1024)
_MODELS = ("Xeon Gold 6338", "Xeon Silver 4314", "EPYC 7313")
_random = random.Random(1)  # noqa: S311 - the same fleet every time


def make_fleet(hosts: int = HOSTS, vms_a_host: int = VMS_A_HOST) -> None:
    """Fill the database that Django is connected to."""
    root = root_group()
    groups = [HostGroup.objects.create(name=f"Site {number:02}", parent=root) for number in range(1, GROUPS + 1)]
    made = Host.objects.bulk_create((_host(number, groups) for number in range(1, hosts + 1)), BATCH)
    HostVolume.objects.bulk_create((volume for host in made for volume in _volumes(host)), BATCH)
    VirtualNetwork.objects.bulk_create((network for host in made for network in _networks(host)), BATCH)
    vms = VirtualMachine.objects.bulk_create((_vm(host, at) for host in made for at in range(vms_a_host)), BATCH)
    VirtualDisk.objects.bulk_create((_disk(vm) for vm in vms), BATCH)
    VirtualAdapter.objects.bulk_create((_adapter(vm) for vm in vms), BATCH)
    HostLoadHour.objects.bulk_create((hour for host in made for hour in _hours(host)), BATCH)
    LoadSample.objects.bulk_create((sample for host in made for sample in _samples(host)), BATCH)


def _host(number: int, groups: list[HostGroup]) -> Host:
    memory_mb = 1024 * _random.choice(_SIZES_GB)
    cpu, iops, network = _random.uniform(2, 95), _random.uniform(50, 9_000), _random.uniform(1, 80)
    model = _MODELS[number % len(_MODELS)]
    return Host(
        name=f"HV{number:04}",
        group=groups[number % len(groups)],
        address=f"hv{number:04}.example.com",
        username="EXAMPLE\\svc-ferry",
        password=Secret("generated"),
        state=Host.State.RESPONDING if number % 50 else Host.State.NOT_RESPONDING,
        is_in_maintenance=number % 40 == 0,
        last_contact_at=timezone.now(),
        computer_name=f"HV{number:04}",
        os_name="Microsoft Windows Server 2022 Datacenter",
        os_version="10.0.20348",
        cpu_vendor="AuthenticAMD" if model.startswith("EPYC") else "GenuineIntel",
        cpu_model=model,
        cpu_count=64,
        memory_mb=memory_mb,
        memory_available_mb=int(memory_mb * _random.uniform(0.02, 0.8)),
        supported_vm_versions=["8.0", "9.0", "10.0"],
        default_vm_path="D:\\VMs",
        cpu_percent=cpu,
        disk_iops=iops,
        network_percent=network,
        load_count=100,
        mean_cpu_percent=cpu,
        mean_disk_iops=iops,
        mean_network_percent=network,
    )


def _volumes(host: Host) -> list[HostVolume]:
    return [
        HostVolume(host=host, path=f"{letter}:\\", label=letter, size_bytes=size * GB, free_bytes=_part_of(size * GB))
        for letter, size in (("C", 200), ("D", 8000), ("E", 8000))
    ]


def _part_of(size_bytes: int) -> int:
    return int(size_bytes * _random.uniform(0.05, 0.9))


def _networks(host: Host) -> list[VirtualNetwork]:
    names = [name for name, chance in (("LAN", 1.0), ("DMZ", 0.7), ("Backup", 0.5)) if _random.random() <= chance]
    return [VirtualNetwork(host=host, network_id=f"{host.name}-{it}", name=it, kind="external") for it in names]


def _vm(host: Host, number: int) -> VirtualMachine:
    name = f"VM{host.name[2:]}{number:02}"
    memory_mb = 1024 * _random.choice((2, 4, 8, 16))
    return VirtualMachine(
        host=host,
        uid=f"uid-{name}",
        name=name,
        state="running" if number % 5 else "off",
        version="10.0",
        cpu_count=4,
        cpu_percent=_random.uniform(0, 3),
        memory_mb=memory_mb if number % 5 else 0,
        memory_demand_mb=memory_mb // 2,
        memory_startup_mb=memory_mb,
        uptime_s=_random.randint(60, 9_000_000) if number % 5 else 0,
        folder=f"D:\\VMs\\{name}",
    )


def _disk(vm: VirtualMachine) -> VirtualDisk:
    path = f"{vm.folder}\\{vm.name}.vhdx"
    layer = {"path": path, "parent_path": None, "file_size_bytes": _random.randint(10, 200) * GB}
    return VirtualDisk(vm=vm, location="SCSI 0:0", size_bytes=200 * GB, layers=[layer])


def _adapter(vm: VirtualMachine) -> VirtualAdapter:
    vlan = _random.choice((None, 10, 20, 30))
    return VirtualAdapter(vm=vm, adapter_id="nic-1", name="Network Adapter", network_name="LAN", vlan_id=vlan)


def _hours(host: Host) -> list[HostLoadHour]:
    this_hour = hour_of(timezone.now())
    return [
        HostLoadHour(host=host, at=this_hour - timedelta(hours=back), sample_count=60, **_load(host))
        for back in range(1, 25)
    ]


def _samples(host: Host) -> list[LoadSample]:
    """Of the hour that is not averaged yet."""
    now = timezone.now()
    return [LoadSample(host=host, at=now - timedelta(minutes=back), **_load(host)) for back in range(now.minute + 1)]


def _load(host: Host) -> dict[str, float]:
    return {
        "cpu_percent": min(100.0, host.cpu_percent * _random.uniform(0.5, 1.5)),
        "memory_used_mb": host.memory_mb - host.memory_available_mb,
        "disk_iops": host.disk_iops,
        "network_percent": host.network_percent,
    }
