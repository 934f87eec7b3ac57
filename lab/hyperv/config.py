"""The configuration of a VM as it lies in its .vmcx file: JSON here, but with the fields that Hyper-V keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

from lab.hyperv.refusal import Refused
from lab.json_files import read_json, write_json


@dataclass(slots=True)
class DiskSlot:
    """`path` is the layer that is written."""

    location: str
    path: str
    is_pass_through: bool = False
    is_shared: bool = False


@dataclass(slots=True)
class AdapterSlot:
    adapter_id: str
    name: str
    mac: str
    network_name: str | None
    vlan_id: int | None
    addresses: list[str]


@dataclass(slots=True)
class CheckpointEntry:
    """`layers`: location of a disk -> the layer that the checkpoint froze."""

    checkpoint_id: str
    name: str
    parent_id: str | None
    config_path: str
    layers: dict[str, str]


@dataclass(slots=True)
class PendingMerge:
    """The layer above `parent` shall be folded into it. `child` is that layer, once the merge has begun."""

    location: str
    parent: str
    asked_at: float
    child: str | None = None


@dataclass(slots=True)
class SavedState:
    """A saved VM: its memory is in the .vmrs that bears the same id, and runs on this make of processor only."""

    save_id: str
    cpu_vendor: str


@dataclass(slots=True)
class VmConfig:
    """Everything a host must know to run the VM. `folder` is the VM's own folder."""

    uid: str
    name: str
    folder: str
    version: str
    generation: int
    cpu_count: int
    cpu_percent: float
    memory_mb: int
    has_dynamic_memory: bool
    start_action: str
    guest_address: str
    guest_port: int
    records_per_s: float
    notes: str = ""
    is_clustered: bool = False
    is_replicated: bool = False
    has_assigned_device: bool = False
    has_processor_compatibility: bool = False
    network_mbps: float = 0.0
    shutdown_s: float | None = 0.5
    dvd_paths: list[str] = field(default_factory=list)
    disks: list[DiskSlot] = field(default_factory=list)
    adapters: list[AdapterSlot] = field(default_factory=list)
    checkpoints: list[CheckpointEntry] = field(default_factory=list)
    merges: list[PendingMerge] = field(default_factory=list)
    saved: SavedState | None = None

    def disk(self, location: str) -> DiskSlot:
        return next(disk for disk in self.disks if disk.location == location)

    def move_layers(self, moved: dict[str, str]) -> None:
        """Point every reference to a layer at its new path."""
        for disk in self.disks:
            disk.path = moved.get(disk.path, disk.path)
        for checkpoint in self.checkpoints:
            checkpoint.layers = {place: moved.get(path, path) for place, path in checkpoint.layers.items()}
        for merge in self.merges:
            merge.parent = moved.get(merge.parent, merge.parent)
            merge.child = moved.get(merge.child, merge.child) if merge.child else None


def state_path(config_path: str) -> str:
    """The runtime state file that belongs to a configuration file."""
    return str(PureWindowsPath(config_path).with_suffix(".vmrs"))


def read_config(path: Path) -> VmConfig:
    """Raises Refused NotFound or FileCorrupted."""
    try:
        fields = read_json(path)
    except FileNotFoundError:
        raise Refused("NotFound", f"The configuration file '{path.name}' was not found.", "ObjectNotFound") from None
    except ValueError:
        raise _corrupted(path) from None
    try:
        fields["disks"] = [DiskSlot(**disk) for disk in fields["disks"]]
        fields["adapters"] = [AdapterSlot(**adapter) for adapter in fields["adapters"]]
        fields["checkpoints"] = [CheckpointEntry(**checkpoint) for checkpoint in fields["checkpoints"]]
        fields["merges"] = [PendingMerge(**merge) for merge in fields["merges"]]
        fields["saved"] = SavedState(**fields["saved"]) if fields["saved"] else None
        return VmConfig(**fields)
    except (KeyError, TypeError):
        raise _corrupted(path) from None


def write_config(path: Path, config: VmConfig) -> None:
    write_json(path, config)


def _corrupted(path: Path) -> Refused:
    return Refused("FileCorrupted", f"The configuration file '{path.name}' cannot be read.", "InvalidData")
