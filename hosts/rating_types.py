"""What a rating is made from and what it says: plain values, no arithmetic but the needs of a VM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from hosts.providers.types import VmState
from hosts.rules import RULES, Rule, Severity

MB = 1024**2
GB = 1024**3

# Part of a running VM's disk files that its checkpoint is expected to grow by while they are copied (docs/ratings.md).
GROWTH_PART = 0.10


class Goal(StrEnum):
    """LOAD_BALANCE prefers idle hosts, CONSOLIDATE ("resource maximization") fills one host before the next."""

    LOAD_BALANCE = "load-balance"
    CONSOLIDATE = "consolidate"


@dataclass(frozen=True, slots=True)
class ExpectedLoad:
    """What a VM is expected to do; as given, a new one. CPU in percent of the VM's own processors."""

    cpu_percent: float = 20
    disk_gb: float = 2
    disk_iops: float = 0
    network_mbps: float = 0


@dataclass(frozen=True, slots=True)
class Options:
    """What matters to the administrator; importances from 0 to 10.

    `new_vm`: expected of a VM that has no samples. `expected`: of this VM, in place of its own samples.
    `severities`: those that differ from the rules' defaults.
    """

    goal: Goal = Goal.LOAD_BALANCE
    cpu_weight: int = 5
    memory_weight: int = 8
    disk_weight: int = 2
    network_weight: int = 2
    new_vm: ExpectedLoad = field(default_factory=ExpectedLoad)
    expected: ExpectedLoad | None = None
    severities: Mapping[Rule, Severity] = field(default_factory=dict)

    def severity(self, rule: Rule) -> Severity:
        """A locked rule keeps its default, whatever was stored."""
        facts = RULES[rule]
        return facts.default if facts.is_locked else self.severities.get(rule, facts.default)


@dataclass(frozen=True, slots=True)
class Reserves:
    """What placement leaves free on a host, and how many disk operations per second count as all of it."""

    cpu_percent: float = 10
    memory_mb: int = 256
    disk_mb: int = 100
    max_disk_iops: float = 10_000
    network_percent: float = 10


@dataclass(frozen=True)
class VmNeed:
    """What a VM takes wherever it is, and what it is picky about. None: nobody told; then it is held against no host.

    `busy_processors`: logical processors it keeps busy. `memory_mb`: what it has now, or had when it was saved.
    `disk_bytes`: its disk files at their current size. `networks`: names of those its adapters are connected to;
    `vlans`: (network, VLAN id) of its tagged adapters. `source_free_bytes`: on the fullest volume its disks are on.
    `possible_owners`, `preferred_owners`: names of hosts; `availability_sets`: names of sets it is in.
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
    largest_disk_bytes: int = 0
    state_files_bytes: int = 0
    disk_iops: float = 0.0
    network_mbps: float = 0.0
    networks: frozenset[str] = frozenset()
    vlans: frozenset[tuple[str, int]] = frozenset()
    cpu_model: str = ""
    has_processor_compatibility: bool = False
    has_dynamic_memory: bool = False
    is_clustered: bool = False
    is_replicated: bool = False
    is_merging: bool = False
    has_assigned_device: bool = False
    pass_through_disks: tuple[str, ...] = ()
    shared_disks: tuple[str, ...] = ()
    dvd_paths: tuple[str, ...] = ()
    source_name: str = ""
    source_free_bytes: int | None = None
    possible_owners: frozenset[str] | None = None
    preferred_owners: frozenset[str] | None = None
    availability_sets: frozenset[str] = frozenset()

    @property
    def has_state(self) -> bool:
        """Takes the state of its processors and memory along: every VM that is not off."""
        return self.state != VmState.OFF

    @cached_property
    def needed_memory_mb(self) -> int:
        """Memory the target must give. An off VM starts with its startup memory, any other gets back what it had."""
        if self.state == VmState.OFF:
            return self.memory_startup_mb
        if self.state == VmState.SAVED:
            return max(self.memory_mb, self.memory_startup_mb)
        return max(self.memory_mb, self.memory_demand_mb)

    @cached_property
    def growth_bytes(self) -> int:
        """What a running VM is expected to write beside its frozen disks while they are copied."""
        return int(self.disk_bytes * GROWTH_PART) if self.state == VmState.RUNNING else 0

    @cached_property
    def needed_disk_bytes(self) -> int:
        """Disk files and their growth, plus the files of its state: one as large as its memory, unless it is off."""
        state_bytes = self.needed_memory_mb * MB if self.has_state else 0
        return self.disk_bytes + self.growth_bytes + max(self.state_files_bytes, state_bytes)


@dataclass(frozen=True, slots=True)
class HostSituation:
    """A host as inventory knows it. `free_bytes`: of each volume, by its path; percents of what the host has.

    `state` is the host's state in words; `has_vm`: the VM is registered there already. `network_mbps`: what its links
    carry. `vlans_in_use`: of other VMs there, as far as the VM to place has them too; `vlans`: all that each network
    carries. None: nobody told; then it is not held against the host.
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
    free_bytes: Mapping[str, int]
    networks: frozenset[str]
    vm_versions: frozenset[str]
    cpu_model: str = ""
    network_mbps: float | None = None
    vlans_in_use: frozenset[tuple[str, int]] | None = None
    vlans: frozenset[tuple[str, int]] | None = None
    has_dynamic_memory: bool | None = None
    availability_sets: frozenset[str] | None = None
    reserves: Reserves = field(default_factory=Reserves)


class Factor(NamedTuple):
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
class Reason:
    """A rule that the host breaks, as a sentence, and what to do about it.

    Blocking: the host cannot be chosen; otherwise it can, against advice.
    """

    rule: Rule
    severity: Severity
    text: str
    action: str

    @property
    def is_blocking(self) -> bool:
        return self.severity is Severity.MUST_MEET


@dataclass(frozen=True, slots=True)
class Rating:
    """Stars in half steps from 0 to 5; 0 if and only if there are zero reasons. `volume` is the one with most room.

    `favours`: rules of severity FAVOR that are broken; each has taken half a star.
    """

    stars: float
    factors: tuple[Factor, ...]
    zero_reasons: tuple[Reason, ...]
    favours: tuple[Reason, ...]
    warnings: tuple[str, ...]
    memory_after_mb: int
    disk_after_bytes: int
    volume: str

    @property
    def is_blocked(self) -> bool:
        return any(reason.is_blocking for reason in self.zero_reasons)
