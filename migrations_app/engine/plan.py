"""What the administrator decided, frozen: the job, the script and the summary are made from the same plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from hosts import paths
from hosts.providers.types import AdapterPlacement, VmState

DEFAULT_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class DiskFolder:
    """The layers of the disk at controller slot `location` go into `folder` of the target."""

    location: str
    folder: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One quick migration over the network. Paths are those of the hosts; `folder` is the VM's own on the target.

    `fingerprint` is what the VM looked like when it was planned (see plans.fingerprint); a VM that looks
    otherwise when the job begins is not moved. Seconds are forecasts, each a range and what is likely (0: not told);
    `deadline_s` bounds the outage. `max_rounds`: how often at most what was written meanwhile is copied while the VM
    still runs. `streams_state`: in the outage the memory goes straight into the other host, not through a file.
    `is_live`: the hypervisors move it while it runs, and there is no outage to speak of.
    """

    vm_uid: str
    vm_name: str
    vm_state: VmState
    fingerprint: str
    source_name: str
    target_name: str
    source_folder: str
    folder: str
    disks: tuple[DiskFolder, ...]
    adapters: tuple[AdapterPlacement, ...]
    memory_mb: int
    disk_bytes: int
    total_low_s: float
    total_high_s: float
    outage_low_s: float
    outage_high_s: float
    deadline_s: float
    keeps_source_files: bool = False
    limit_bytes_per_s: int = 0
    max_rounds: int = DEFAULT_ROUNDS
    total_s: float = 0.0
    outage_s: float = 0.0
    streams_state: bool = False
    is_live: bool = False

    @property
    def was_running(self) -> bool:
        return self.vm_state == VmState.RUNNING

    def place(self, path: str) -> str:
        """Where a file of the VM that is no disk goes: the same place under the VM's folder on the target."""
        inside = paths.below(self.source_folder, path)
        if inside is not None:
            return paths.join(self.folder, inside)
        folder = self.folder if paths.is_posix(path) else paths.join(self.folder, "Virtual Machines")
        return paths.join(folder, paths.name(path))

    def place_layer(self, location: str, path: str) -> str:
        """Where a layer of the disk at `location` goes."""
        folder = next(disk.folder for disk in self.disks if disk.location == location)
        return paths.join(folder, paths.name(path))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        fields = dict(raw)
        fields["vm_state"] = VmState(fields["vm_state"])
        fields["disks"] = tuple(DiskFolder(**disk) for disk in fields["disks"])
        fields["adapters"] = tuple(AdapterPlacement(**adapter) for adapter in fields["adapters"])
        return cls(**fields)
