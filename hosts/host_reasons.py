"""Rules about a host for a VM: whether it is open, can run the VM, and has room and networks for it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hosts.rating_types import MB, HostSituation, VmNeed
from hosts.rules import Rule
from hosts.units import memory, size

# Each broken rule as a sentence and what to do about it; most rules are met, and cost a call and nothing else.
Sentences = Sequence[tuple[str, str]]

# The kind of a host that Ferry only watches.
WATCHED_ONLY = "local"


def _state(_vm: VmNeed, host: HostSituation) -> Sentences:
    if not host.is_responding:
        return _told(f"The state of {host.name} is {host.state}.", "Open the host's page, which says why.")
    return ()


def _maintenance(_vm: VmNeed, host: HostSituation) -> Sentences:
    if host.is_in_maintenance:
        return _told(f"{host.name} is in maintenance mode.", "End its maintenance mode or choose another host.")
    return ()


def _software(vm: VmNeed, host: HostSituation) -> Sentences:
    if host.kind == WATCHED_ONLY:
        return _told(
            f"{host.name} is this machine; it runs no virtualization software that Ferry moves virtual machines to.",
            "Choose another host.",
        )
    if vm.kind != host.kind:
        return _told(
            f"{host.name} runs other virtualization software than {vm.name}.",
            "Choose a host with the same virtualization software.",
        )
    return ()


def _vendor(vm: VmNeed, host: HostSituation) -> Sentences:
    if vm.has_state and _differ(vm.cpu_vendor, host.cpu_vendor):
        return _told(
            (
                f"{vm.name} is {vm.state.value} on processors of {vm.cpu_vendor}; "
                f"{host.name} has processors of {host.cpu_vendor}."
            ),
            "Choose a host with processors of the same vendor, or shut the virtual machine down first.",
        )
    return ()


def _features(vm: VmNeed, host: HostSituation) -> Sentences:
    """Of processors inventory knows make and model: another model of the same make may lack what the VM has seen."""
    if not vm.has_state or vm.has_processor_compatibility or _differ(vm.cpu_vendor, host.cpu_vendor):
        return ()
    if _differ(vm.cpu_model, host.cpu_model):
        return _told(
            (
                f"{vm.name} is {vm.state.value} on {vm.cpu_model} without processor compatibility; "
                f"{host.name} has {host.cpu_model}, which may lack features it uses."
            ),
            (
                "Shut the virtual machine down first, turn its processor compatibility on, "
                "or choose a host with the same processors."
            ),
        )
    return ()


def _differ(one: str, other: str) -> bool:
    """What was never told does not differ."""
    return one != other and bool(one and other) and one.casefold() != other.casefold()


def _version(vm: VmNeed, host: HostSituation) -> Sentences:
    if vm.version and host.vm_versions and vm.version not in host.vm_versions:
        return _told(
            f"{host.name} does not support configuration version {vm.version} of {vm.name}.",
            f"Choose a host that supports version {vm.version}.",
        )
    return ()


def _processors(vm: VmNeed, host: HostSituation) -> Sentences:
    if host.cpu_count and vm.cpu_count > host.cpu_count:
        return _told(
            f"{vm.name} has {vm.cpu_count} virtual processors and {host.name} has {host.cpu_count} logical processors.",
            "Choose a host with more processors, or give the virtual machine fewer.",
        )
    return ()


def _dynamic_memory(vm: VmNeed, host: HostSituation) -> Sentences:
    if vm.has_dynamic_memory and host.has_dynamic_memory is False:
        return _told(
            f"{vm.name} has dynamic memory, which {host.name} does not support.",
            "Choose another host, or give the virtual machine a fixed amount of memory.",
        )
    return ()


def _possible_owner(vm: VmNeed, host: HostSituation) -> Sentences:
    if vm.possible_owners is not None and host.name not in vm.possible_owners:
        return _told(
            f"{host.name} is not among the possible owners of {vm.name}.",
            f"Add {host.name} to the possible owners in Failover Cluster Manager, or choose one of them.",
        )
    return ()


def _each_disk(vm: VmNeed, host: HostSituation) -> Sentences:
    """Whether it would fit at all, however its disks are spread."""
    rooms = [max(0, free - host.reserves.disk_mb * MB) for free in host.free_bytes.values()]
    largest = vm.largest_disk_bytes
    if largest and largest > max(rooms, default=0):
        return _told(
            (
                f"The largest disk of {vm.name} takes {size(largest)}; "
                f"no volume of {host.name} has more than {size(max(rooms, default=0))} above its reserve."
            ),
            f"Free space on {host.name} or choose another host.",
        )
    if vm.needed_disk_bytes > sum(rooms):
        return _told(
            (
                f"{vm.name} needs {size(vm.needed_disk_bytes)}; all volumes of {host.name} together have "
                f"{size(sum(rooms))} above their reserves."
            ),
            f"Free space on {host.name} or choose another host.",
        )
    return ()


def _memory(vm: VmNeed, host: HostSituation) -> Sentences:
    """Memory must be less than what is available above the reserve."""
    free_mb = max(0, host.memory_available_mb - host.reserves.memory_mb)
    if vm.needed_memory_mb >= free_mb:
        return _told(
            (
                f"{vm.name} needs {memory(vm.needed_memory_mb)} of memory; "
                f"{host.name} has {memory(free_mb)} above its reserve of {memory(host.reserves.memory_mb)}."
            ),
            f"Free memory on {host.name} or choose another host.",
        )
    return ()


def _one_volume(vm: VmNeed, host: HostSituation) -> Sentences:
    free_bytes = max(0, max(host.free_bytes.values(), default=0) - host.reserves.disk_mb * MB)
    if vm.needed_disk_bytes > free_bytes:
        return _told(
            (
                f"{vm.name} needs {size(vm.needed_disk_bytes)} on one volume; "
                f"{host.name} has {size(free_bytes)} at most, above its reserve of {memory(host.reserves.disk_mb)}."
            ),
            f"Free space on {host.name}, choose another host, or put the disks on several volumes.",
        )
    return ()


def _network(vm: VmNeed, host: HostSituation) -> Sentences:
    if vm.networks <= host.networks:
        return ()
    return [
        (
            f"{host.name} has no virtual network named {network}.",
            f"Make {network} on {host.name}, or choose another network for the adapter on the way.",
        )
        for network in sorted(vm.networks - host.networks)
    ]


def _vlan(vm: VmNeed, host: HostSituation) -> Sentences:
    if not vm.vlans or host.vlans is None:
        return ()
    return [
        (
            f"{network} of {host.name} does not carry VLAN {vlan}, which {vm.name} is in.",
            f"Let {network} of {host.name} carry VLAN {vlan}, or choose another network for the adapter.",
        )
        for network, vlan in sorted(vm.vlans - host.vlans)
        if network in host.networks
    ]


def _vlan_in_use(vm: VmNeed, host: HostSituation) -> Sentences:
    """A switch does not tell which VLANs its uplink carries; other VMs that are in one show that it does."""
    if not vm.vlans or host.vlans_in_use is None or host.vlans is not None:
        return ()
    return [
        (
            f"No virtual machine on {host.name} is in VLAN {vlan} of {network}; whether it gets there is unknown.",
            f"Make sure that the uplink of {network} on {host.name} carries VLAN {vlan}.",
        )
        for network, vlan in sorted(vm.vlans - host.vlans_in_use)
        if network in host.networks
    ]


def _high_availability(vm: VmNeed, host: HostSituation) -> Sentences:
    if vm.is_clustered and not host.is_clustered:
        return _told(
            f"{vm.name} is highly available and {host.name} is in no cluster.",
            "Choose a host of a cluster, or accept that the virtual machine stops being highly available.",
        )
    return ()


def _preferred_owner(vm: VmNeed, host: HostSituation) -> Sentences:
    if vm.preferred_owners and host.name not in vm.preferred_owners:
        return _told(
            f"{host.name} is not among the preferred owners of {vm.name}.",
            f"Choose one of {', '.join(sorted(vm.preferred_owners))} if you can.",
        )
    return ()


def _anti_affinity(vm: VmNeed, host: HostSituation) -> Sentences:
    if not vm.availability_sets or not host.availability_sets:
        return ()
    return [
        (
            f"{host.name} has another virtual machine of the availability set {name}, which {vm.name} is in.",
            "Choose a host without one, so that not both fail with the same host.",
        )
        for name in sorted(vm.availability_sets & host.availability_sets)
    ]


def _told(text: str, action: str) -> Sentences:
    return ((text, action),)


HOST_RULES: tuple[tuple[Rule, Callable[[VmNeed, HostSituation], Sentences]], ...] = (
    (Rule.HOST_STATE, _state),
    (Rule.MAINTENANCE, _maintenance),
    (Rule.SOFTWARE, _software),
    (Rule.CPU_VENDOR, _vendor),
    (Rule.CPU_FEATURES, _features),
    (Rule.VM_VERSION, _version),
    (Rule.CPU_COUNT, _processors),
    (Rule.DYNAMIC_MEMORY, _dynamic_memory),
    (Rule.POSSIBLE_OWNER, _possible_owner),
    (Rule.EACH_DISK, _each_disk),
    (Rule.MEMORY, _memory),
    (Rule.ONE_VOLUME, _one_volume),
    (Rule.NETWORK, _network),
    (Rule.VLAN, _vlan),
    (Rule.HIGH_AVAILABILITY, _high_availability),
    (Rule.VLAN_IN_USE, _vlan_in_use),
    (Rule.PREFERRED_OWNER, _preferred_owner),
    (Rule.ANTI_AFFINITY, _anti_affinity),
)
