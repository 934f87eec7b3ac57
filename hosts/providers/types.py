"""The words in which every provider speaks: frozen dataclasses, units in their names, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Secret:
    """A string that never shows itself: repr and str are stars; `reveal()` at the last moment."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('*****')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class Transport(StrEnum):
    """How WinRM or libvirt is spoken. Basic authentication is only ever spoken inside HTTPS, TCP only in a lab."""

    NTLM_HTTP = "ntlm-http"
    NTLM_HTTPS = "ntlm-https"
    BASIC_HTTPS = "basic-https"
    LIBVIRT_SSH = "ssh"
    LIBVIRT_TLS = "tls"
    LIBVIRT_TCP = "tcp"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a host listens and who we are there. `name` is what messages call the host. Over SSH `password` is a
    private key (PEM) and `host_key` the host's public one; `lab_networks` are CIDRs that plain TCP may lead to."""

    name: str
    address: str
    port: int
    transport: Transport
    username: str
    password: Secret
    ca_file: str | None = None
    max_shells: int = 4
    host_key: str = ""
    lab_networks: tuple[str, ...] = ()


class VmState(StrEnum):
    RUNNING = "running"
    OFF = "off"
    SAVED = "saved"
    PAUSED = "paused"
    STARTING = "starting"
    SAVING = "saving"
    STOPPING = "stopping"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DiskLayer:
    """One file of a disk's chain. `parent_path` is None for the base.

    `stamp` says nothing by itself: while it stays equal the file was not written.
    """

    path: str
    parent_path: str | None
    file_size_bytes: int
    stamp: str


@dataclass(frozen=True, slots=True)
class Disk:
    """A virtual disk; `layers` from the base to the one that is written (never empty for a file-backed disk).

    `location` names the controller slot, such as "SCSI 0:1".
    """

    location: str
    size_bytes: int
    is_dynamic: bool
    layers: tuple[DiskLayer, ...]
    is_pass_through: bool = False
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Adapter:
    """A virtual network adapter; `network_name` is None when it is not connected."""

    adapter_id: str
    name: str
    mac: str
    network_name: str | None
    vlan_id: int | None
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    checkpoint_id: str
    name: str
    parent_id: str | None


@dataclass(frozen=True, slots=True)
class StateFile:
    """A file of the VM that is no disk: configuration, runtime state, those of its checkpoints.

    `stamp` as in DiskLayer.
    """

    path: str
    size_bytes: int
    stamp: str


@dataclass(frozen=True, slots=True)
class Vm:
    """A virtual machine. `start_ordered_by` is the tag of the job that ordered its start here, if one did."""

    uid: str
    name: str
    state: VmState
    generation: int
    version: str
    cpu_count: int
    cpu_percent: float
    memory_mb: int
    memory_demand_mb: int
    memory_startup_mb: int
    has_dynamic_memory: bool
    uptime_s: int
    notes: str
    folder: str
    config_path: str
    start_action: str
    start_ordered_by: str | None
    is_merging: bool
    is_clustered: bool
    is_replicated: bool
    has_assigned_device: bool
    is_emulated: bool
    has_processor_compatibility: bool
    dvd_paths: tuple[str, ...]
    disks: tuple[Disk, ...]
    adapters: tuple[Adapter, ...]
    checkpoints: tuple[Checkpoint, ...]
    state_files: tuple[StateFile, ...]


@dataclass(frozen=True, slots=True)
class Volume:
    """`path` is the root, such as "D:\\"."""

    path: str
    label: str
    size_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Network:
    network_id: str
    name: str
    kind: str
    vlan_id: int | None = None  # what it puts traffic of adapters without one into


@dataclass(frozen=True, slots=True)
class HostFacts:
    """Everything inventory keeps of a host, taken in one round trip."""

    computer_name: str
    os_name: str
    os_version: str
    cpu_vendor: str
    cpu_model: str
    cpu_count: int
    memory_mb: int
    memory_available_mb: int
    supported_vm_versions: tuple[str, ...]
    default_vm_path: str
    default_disk_path: str
    is_clustered: bool
    max_migrations: int
    volumes: tuple[Volume, ...]
    networks: tuple[Network, ...]
    vms: tuple[Vm, ...]


@dataclass(frozen=True, slots=True)
class VmLoad:
    uid: str
    cpu_percent: float
    memory_demand_mb: int


@dataclass(frozen=True, slots=True)
class HostLoad:
    """One sample of a host's load. CPU and network in percent of what the host has."""

    cpu_percent: float
    memory_available_mb: int
    disk_iops: float
    network_percent: float
    vms: tuple[VmLoad, ...]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as another host can read it: `location` is a UNC path for Hyper-V."""

    location: str
    username: str
    password: Secret


@dataclass(frozen=True, slots=True)
class CopyOrder:
    """Pull `source` to `destination` on the host that gets the order. `size_bytes`: about how much, for sharing out."""

    work_id: str
    source: RemoteFile
    destination: str
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class HashOrder:
    work_id: str
    path: str
    size_bytes: int = 0


class WorkState(StrEnum):
    """LOST: the process is gone and left no result; starting it again resumes."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Work:
    """A detached piece of work on a host. `digest` is lower-case hex SHA-256 of the whole file, when DONE.

    `bytes_sent`: what a copy has got from the other host, in all its runs; holes of a sparse file are not sent.
    `error_kind` is a kind of `errors.py` ("NotEnoughSpace", ...), `error` its sentence, when FAILED.
    """

    work_id: str
    state: WorkState
    bytes_done: int
    bytes_total: int
    digest: str | None
    error_kind: str | None
    error: str | None
    bytes_sent: int = 0


@dataclass(frozen=True, slots=True)
class DiskPlacement:
    """Disk at controller slot `location` gets `layers`: (path on the source, path on the target), base first."""

    location: str
    layers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AdapterPlacement:
    """Adapter with this id is connected to `network_name` of the target, or to nothing."""

    adapter_id: str
    network_name: str | None


@dataclass(frozen=True, slots=True)
class Registration:
    """How a VM whose files are in place is registered: its own id is kept."""

    uid: str
    tag: str
    folder: str
    config_path: str
    disks: tuple[DiskPlacement, ...]
    adapters: tuple[AdapterPlacement, ...]
