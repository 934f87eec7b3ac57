"""What a rating is made from and what it says: plain values, no arithmetic but the needs of a VM."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hosts.providers.types import VmState

MB = 1024**2


class Goal(StrEnum):
    """LOAD_BALANCE prefers idle hosts, CONSOLIDATE fills one host before the next."""

    LOAD_BALANCE = "load-balance"
    CONSOLIDATE = "consolidate"


@dataclass(frozen=True, slots=True)
class Options:
    """What matters to the administrator; importances from 0 to 10."""

    goal: Goal = Goal.LOAD_BALANCE
    cpu_weight: float = 5
    memory_weight: float = 8
    disk_weight: float = 2
    network_weight: float = 2


@dataclass(frozen=True, slots=True)
class Reserves:
    """What placement leaves free on a host, and how many disk operations per second count as all of it."""

    cpu_percent: float = 10
    memory_mb: int = 256
    disk_mb: int = 100
    max_disk_iops: float = 10_000
    network_percent: float = 10


@dataclass(frozen=True, slots=True)
class VmNeed:
    """What a VM takes wherever it is, and what it is picky about.

    `busy_processors`: logical processors it keeps busy. `memory_mb`: what it has now, or had when it was saved.
    `disk_bytes`: its disk files at their current size. `networks`: names of those its adapters are connected to.
    """

    name: str
    kind: str
    state: VmState
    version: str
    cpu_count: int
    cpu_vendor: str
    busy_processors: float
    memory_mb: int
    memory_demand_mb: int
    memory_startup_mb: int
    disk_bytes: int
    state_files_bytes: int = 0
    disk_iops: float = 0.0
    network_percent: float = 0.0
    networks: frozenset[str] = frozenset()
    is_clustered: bool = False
    immovable_parts: tuple[str, ...] = ()

    @property
    def has_state(self) -> bool:
        """Takes the state of its processors and memory along: every VM that is not off."""
        return self.state != VmState.OFF

    @property
    def needed_memory_mb(self) -> int:
        """Memory the target must give. An off VM starts with its startup memory, any other gets back what it had."""
        if self.state == VmState.OFF:
            return self.memory_startup_mb
        if self.state == VmState.SAVED:
            return max(self.memory_mb, self.memory_startup_mb)
        return max(self.memory_mb, self.memory_demand_mb)

    @property
    def needed_disk_bytes(self) -> int:
        """Disk files, plus the files of its state: a VM that is not off needs a file as large as its memory."""
        state_bytes = self.needed_memory_mb * MB if self.has_state else 0
        return self.disk_bytes + max(self.state_files_bytes, state_bytes)


@dataclass(frozen=True, slots=True)
class HostSituation:
    """A host as inventory knows it. `free_bytes`: of each volume, by its path; percents of what the host has.

    `state` is the host's state in words; `has_vm`: the VM is registered there already.
    """

    name: str
    kind: str
    state: str
    is_responding: bool
    is_in_maintenance: bool
    is_clustered: bool
    has_vm: bool
    cpu_vendor: str
    cpu_count: int
    cpu_percent: float
    memory_mb: int
    memory_available_mb: int
    disk_iops: float
    network_percent: float
    free_bytes: dict[str, int]
    networks: frozenset[str]
    vm_versions: frozenset[str]
    reserves: Reserves = field(default_factory=Reserves)


@dataclass(frozen=True, slots=True)
class Factor:
    """One of the four terms: `now` and `after` the move in `unit`, of a usable `capacity`.

    `share` is how much of its weight it gets, 0 to 1; `stars` its part of the five, before rounding.
    """

    name: str
    unit: str
    now: float
    after: float
    capacity: float
    weight: float
    share: float
    stars: float


@dataclass(frozen=True, slots=True)
class ZeroReason:
    """Why there are no stars. Blocking: the host cannot be chosen; otherwise it can, against advice."""

    text: str
    action: str
    is_blocking: bool = False


@dataclass(frozen=True, slots=True)
class Rating:
    """Stars in half steps from 0 to 5; 0 if and only if there are reasons. `volume` is the one with the most room."""

    stars: float
    factors: tuple[Factor, ...]
    zero_reasons: tuple[ZeroReason, ...]
    warnings: tuple[str, ...]
    memory_after_mb: int
    disk_after_bytes: int
    volume: str

    @property
    def is_blocked(self) -> bool:
        return any(reason.is_blocking for reason in self.zero_reasons)
