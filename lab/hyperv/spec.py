"""What a lab is made of: hosts, volumes, switches, VMs and their sizes. Tests and benches make their own."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class DiskSpec:
    """A disk in the VM's folder; `fill_mb` of it hold incompressible bytes, the rest is the record ring."""

    size_mb: int = 96
    fill_mb: int = 64
    record_bytes: int = 512
    is_dynamic: bool = True


@dataclass(frozen=True, slots=True)
class VmSpec:
    """A VM in `folder`. A running one writes `records_per_s` records of its disks' `record_bytes`, keeps
    `cpu_percent` of its own processors busy and sends `network_mbps`: its host's load follows. Its guest shuts down
    within `shutdown_s`; None: it has no integration services that hear of it."""

    name: str
    memory_mb: int = 64
    disks: tuple[DiskSpec, ...] = (DiskSpec(),)
    networks: tuple[str | None, ...] = ("LAN",)
    records_per_s: float = 20.0
    is_running: bool = True
    start_action: str = "StartIfRunning"
    version: str = "9.0"
    cpu_count: int = 2
    cpu_percent: float = 8.0
    folder: str = "D:\\VMs"
    is_clustered: bool = False
    is_replicated: bool = False
    has_assigned_device: bool = False
    has_processor_compatibility: bool = False
    network_mbps: float = 15.0
    has_dynamic_memory: bool = False
    dvd_paths: tuple[str, ...] = ()
    shutdown_s: float | None = 0.5


@dataclass(frozen=True, slots=True)
class VolumeSpec:
    """`path` is the root, such as "D:\\"; the emulation refuses to hold more than `size_mb`."""

    path: str
    label: str
    size_mb: int


@dataclass(frozen=True, slots=True)
class HostSpec:
    """A host; its load without VMs is `cpu_percent`, `disk_iops` and `network_mbps` of `link_mbps`.

    `merge_delay_s` is how long a merge waits before it begins, so that it can be seen.
    """

    name: str
    cpu_vendor: str = "GenuineIntel"
    cpu_model: str = "Intel(R) Xeon(R) Silver 4314 CPU @ 2.40GHz"
    cpu_count: int = 16
    cpu_percent: float = 12.0
    disk_iops: float = 15.0
    network_mbps: float = 5.0
    link_mbps: float = 1000.0
    memory_mb: int = 2048
    switches: tuple[str, ...] = ("LAN",)
    volumes: tuple[VolumeSpec, ...] = (VolumeSpec("C:\\", "System", 2048), VolumeSpec("D:\\", "Data", 8192))
    vms: tuple[VmSpec, ...] = ()
    os_name: str = "Microsoft Windows Server 2022 Datacenter"
    os_version: str = "10.0.20348"
    vm_versions: tuple[str, ...] = ("8.0", "9.0", "10.0")
    merge_delay_s: float = 0.3


@dataclass(frozen=True, slots=True)
class LabSpec:
    """`keeper_grace_s`: how long the hosts go on after the process that keeps the lab has died."""

    hosts: tuple[HostSpec, ...]
    keeper_grace_s: float = 600.0
    username: str = "FERRYLAB\\svc-ferry"


def default_spec() -> LabSpec:
    """Three hosts, two of one make; four VMs, one of them off."""
    return LabSpec(
        hosts=(
            HostSpec(
                "HV01",
                switches=("LAN", "DMZ"),
                vms=(
                    VmSpec("WEB01"),
                    VmSpec("DB01", disks=(DiskSpec(), DiskSpec()), networks=("LAN", "DMZ"), cpu_count=4),
                ),
            ),
            HostSpec("HV02", memory_mb=4096, cpu_percent=6.0, switches=("LAN", "DMZ"), vms=(VmSpec("APP01"),)),
            HostSpec(
                "HV03",
                cpu_vendor="AuthenticAMD",
                cpu_model="AMD EPYC 7313 16-Core Processor",
                memory_mb=1024,
                vms=(VmSpec("ARCHIVE01", is_running=False),),
            ),
        )
    )


def small_spec(memory_mb: int = 8, disk: DiskSpec | None = None) -> LabSpec:
    """The default lab with little memory and small disks, for tests that want one in a moment."""
    small = disk or DiskSpec(size_mb=8, fill_mb=2)
    spec = default_spec()
    return replace(spec, hosts=tuple(_shrunk(host, memory_mb, small) for host in spec.hosts))


def _shrunk(host: HostSpec, memory_mb: int, disk: DiskSpec) -> HostSpec:
    vms = tuple(replace(vm, memory_mb=memory_mb, disks=(disk,) * len(vm.disks)) for vm in host.vms)
    return replace(host, vms=vms)
