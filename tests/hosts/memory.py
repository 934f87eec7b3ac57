"""Hosts in memory for tests of the inventory: they check who asks, answer facts and load, and fail on demand.

They speak `Provider` and no more, because the inventory asks for no more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hosts.providers.base import Provider
from hosts.providers.errors import AccessDenied, HostUnreachable, ProviderError
from hosts.providers.types import (
    Adapter,
    Disk,
    DiskLayer,
    Endpoint,
    HostFacts,
    HostLoad,
    Network,
    Secret,
    Vm,
    VmLoad,
    VmState,
    Volume,
)

GB = 1 << 30
PASSWORD = Secret("correct horse")


@dataclass
class MemoryHost:
    """A host that listens at its address. `meanwhile` runs between the question and the answer."""

    facts: HostFacts
    load: HostLoad = field(default_factory=lambda: HostLoad(20.0, 12_000, 300.0, 5.0, ()))
    port: int = 5985
    username: str = "LAB\\svc-ferry"
    password: Secret = PASSWORD
    inspect_error: ProviderError | None = None
    sample_error: ProviderError | None = None
    meanwhile: Callable[[], object] = lambda: None
    open_connections: int = 0
    questions: list[str] = field(default_factory=list)

    def has(self, *vms: Vm) -> None:
        self.facts = replace(self.facts, vms=vms)


class Neighbourhood:
    """Who listens where."""

    def __init__(self) -> None:
        self.hosts: dict[str, MemoryHost] = {}

    def add(self, address: str, *vms: Vm) -> MemoryHost:
        self.hosts[address] = MemoryHost(make_facts(address, *vms))
        return self.hosts[address]


NETWORK = Neighbourhood()


class MemoryProvider(Provider):
    """A connection to the MemoryHost at the endpoint's address."""

    def __init__(self, endpoint: Endpoint) -> None:
        host = NETWORK.hosts.get(endpoint.address)
        if host is None or host.port != endpoint.port:
            raise HostUnreachable(endpoint.name, f"Nothing listens at {endpoint.address}:{endpoint.port}.")
        if (endpoint.username, endpoint.password) != (host.username, host.password):
            raise AccessDenied(endpoint.name, f"The login of {endpoint.username} was refused.")
        self._host = host
        host.open_connections += 1

    def inspect(self) -> HostFacts:
        self._host.questions.append("inspect")
        facts = self._host.facts
        self._host.meanwhile()
        if self._host.inspect_error:
            raise self._host.inspect_error
        return facts

    def sample(self) -> HostLoad:
        self._host.questions.append("sample")
        if self._host.sample_error:
            raise self._host.sample_error
        return self._host.load

    def close(self) -> None:
        self._host.open_connections -= 1


def make_facts(name: str, *vms: Vm) -> HostFacts:
    """16 GB of memory, 8 processors, a system volume and a data volume, one virtual network."""
    return HostFacts(
        computer_name=name.upper(),
        os_name="Windows Server 2022 Datacenter",
        os_version="10.0.20348",
        cpu_vendor="GenuineIntel",
        cpu_model="Xeon Gold 6338",
        cpu_count=8,
        memory_mb=16_384,
        memory_available_mb=12_288,
        supported_vm_versions=("9.0", "10.0"),
        default_vm_path="D:\\VMs",
        default_disk_path="D:\\VMs",
        is_clustered=False,
        max_migrations=2,
        volumes=(Volume("C:\\", "System", 100 * GB, 60 * GB), Volume("D:\\", "Data", 500 * GB, 300 * GB)),
        networks=(Network("net-1", "LAN", "External"),),
        vms=vms,
    )


def make_vm(name: str, state: VmState = VmState.RUNNING) -> Vm:
    """4 GB of memory, one disk of two layers that take 12 GB, one adapter on LAN."""
    folder = f"D:\\VMs\\{name}"
    base, child = f"{folder}\\{name}.vhdx", f"{folder}\\{name}_1.avhdx"
    layers = (DiskLayer(base, None, 10 * GB, "1-10"), DiskLayer(child, base, 2 * GB, "1-2"))
    return Vm(
        uid=f"uid-{name}",
        name=name,
        state=state,
        generation=2,
        version="10.0",
        cpu_count=2,
        cpu_percent=10.0,
        memory_mb=4096,
        memory_demand_mb=2048,
        memory_startup_mb=4096,
        has_dynamic_memory=False,
        uptime_s=3600,
        notes="",
        folder=folder,
        config_path=f"{folder}\\{name}.vmcx",
        start_action="StartIfRunning",
        start_ordered_by=None,
        is_merging=False,
        is_clustered=False,
        is_replicated=False,
        has_assigned_device=False,
        is_emulated=False,
        has_processor_compatibility=False,
        dvd_paths=(),
        disks=(Disk("SCSI 0:0", 60 * GB, True, layers),),
        adapters=(Adapter("nic-1", "Network Adapter", "00155D010203", "LAN", 20, ("10.0.0.5",)),),
        checkpoints=(),
        state_files=(),
    )


def make_load(*vms: Vm, cpu_percent: float = 20.0) -> HostLoad:
    return HostLoad(cpu_percent, 12_000, 300.0, 5.0, tuple(VmLoad(vm.uid, 33.0, 1024) for vm in vms))
