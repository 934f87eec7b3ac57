"""What is asked of a host before it gets stars: every rule, its severity, and whether that may be changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """SCVMM's four levels. What each does to a host that breaks a rule is in docs/ratings.md."""

    MUST_MEET = "must-meet"
    SHOULD_MEET = "should-meet"
    FAVOR = "favor"
    OFF = "off"

    @property
    def words(self) -> str:
        """ "Must meet", as pages write it."""
        return self.value.replace("-", " ").capitalize()


class Rule(StrEnum):
    """In the order in which reasons are told."""

    ANOTHER_HOST = "another-host"
    HOST_STATE = "host-state"
    MAINTENANCE = "maintenance"
    SOFTWARE = "software"
    PHYSICAL_DISK = "physical-disk"
    SHARED_DISK = "shared-disk"
    ASSIGNED_DEVICE = "assigned-device"
    ATTACHED_ISO = "attached-iso"
    REPLICATION = "replication"
    MERGE = "merge"
    CPU_VENDOR = "cpu-vendor"
    CPU_FEATURES = "cpu-features"
    VM_VERSION = "vm-version"
    CPU_COUNT = "cpu-count"
    DYNAMIC_MEMORY = "dynamic-memory"
    POSSIBLE_OWNER = "possible-owner"
    EACH_DISK = "each-disk"
    MEMORY = "memory"
    ONE_VOLUME = "one-volume"
    SOURCE_SPACE = "source-space"
    NETWORK = "network"
    VLAN = "vlan"
    HIGH_AVAILABILITY = "high-availability"
    CPU_RESERVE = "cpu-reserve"
    DISK_IO_RESERVE = "disk-io-reserve"
    NETWORK_RESERVE = "network-reserve"
    VLAN_IN_USE = "vlan-in-use"
    PREFERRED_OWNER = "preferred-owner"
    ANTI_AFFINITY = "anti-affinity"


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """`title`: what a host that meets the rule is like. `is_locked`: a move against the rule cannot succeed, and
    nothing but the rating would stop it, so the rule is always MUST_MEET."""

    title: str
    default: Severity
    is_locked: bool = False


_MUST, _SHOULD, _FAVOR = Severity.MUST_MEET, Severity.SHOULD_MEET, Severity.FAVOR

RULES: dict[Rule, RuleFacts] = {
    Rule.ANOTHER_HOST: RuleFacts("The virtual machine is not on the host already", _MUST, is_locked=True),
    Rule.HOST_STATE: RuleFacts("The host is responding", _MUST, is_locked=True),
    Rule.MAINTENANCE: RuleFacts("The host is not in maintenance mode", _MUST),
    Rule.SOFTWARE: RuleFacts("The host runs the same virtualization software", _MUST, is_locked=True),
    Rule.PHYSICAL_DISK: RuleFacts("The virtual machine has no pass-through disk", _MUST),
    Rule.SHARED_DISK: RuleFacts("The virtual machine shares no disk with others", _MUST),
    Rule.ASSIGNED_DEVICE: RuleFacts("The virtual machine has no device of its host, such as a GPU", _MUST),
    Rule.ATTACHED_ISO: RuleFacts("No image is in the virtual machine's DVD drive", _MUST),
    Rule.REPLICATION: RuleFacts("The virtual machine is not replicated", _MUST),
    Rule.MERGE: RuleFacts("No checkpoint of the virtual machine is being merged", _MUST),
    Rule.CPU_VENDOR: RuleFacts(
        "A virtual machine that is not off finds the same make of processor", _MUST, is_locked=True
    ),
    Rule.CPU_FEATURES: RuleFacts("A virtual machine that is not off finds the same model of processor", _SHOULD),
    Rule.VM_VERSION: RuleFacts("The host supports the virtual machine's configuration version", _MUST, is_locked=True),
    Rule.CPU_COUNT: RuleFacts("The host has as many processors as the virtual machine", _MUST, is_locked=True),
    Rule.DYNAMIC_MEMORY: RuleFacts(
        "The host supports dynamic memory if the virtual machine has it", _MUST, is_locked=True
    ),
    Rule.POSSIBLE_OWNER: RuleFacts("The host is a possible owner of the virtual machine", _MUST),
    Rule.EACH_DISK: RuleFacts("The volumes have room for each disk", _MUST),
    Rule.MEMORY: RuleFacts("Memory above the reserve suffices", _SHOULD),
    Rule.ONE_VOLUME: RuleFacts("One volume has room for the whole virtual machine", _SHOULD),
    Rule.SOURCE_SPACE: RuleFacts("The present host has room for the checkpoint to grow", _SHOULD),
    Rule.NETWORK: RuleFacts("The host has the virtual networks", _SHOULD),
    Rule.VLAN: RuleFacts("The host's virtual networks carry the VLANs", _SHOULD),
    Rule.HIGH_AVAILABILITY: RuleFacts("A highly available virtual machine stays in a cluster", _SHOULD),
    Rule.CPU_RESERVE: RuleFacts("The processor reserve stays free", _SHOULD),
    Rule.DISK_IO_RESERVE: RuleFacts("Disk I/O stays below the maximum", _SHOULD),
    Rule.NETWORK_RESERVE: RuleFacts("The network reserve stays free", _SHOULD),
    Rule.VLAN_IN_USE: RuleFacts("The VLANs are in use on the host", _FAVOR),
    Rule.PREFERRED_OWNER: RuleFacts("The host is a preferred owner of the virtual machine", _FAVOR),
    Rule.ANTI_AFFINITY: RuleFacts("No virtual machine of the same availability set is there", _FAVOR),
}
