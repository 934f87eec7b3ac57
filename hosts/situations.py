"""From the rows of all hosts to what a rating knows of each: read at once, as tuples where there are thousands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from hosts.models import Host, HostGroup, HostVolume, VirtualAdapter, VirtualMachine, VirtualNetwork
from hosts.rating_types import HostSituation
from hosts.reserves import effective_reserves

Tag = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Fleet:
    """The hosts by name, and of each (by its key) its volumes' free bytes, its networks, the VLANs that other VMs there
    share with the VM to place. `taken`: hosts that have the VM."""

    hosts: Sequence[Host]
    volumes: Mapping[int, Mapping[str, int]]
    networks: Mapping[int, frozenset[str]]
    vlans: Mapping[int, set[Tag]]
    taken: frozenset[int]


def read_fleet(vm: VirtualMachine | None = None, pks: Iterable[int] | None = None) -> Fleet:
    """All hosts, or those with these keys, as they are for the VM: six queries, five without a VM."""
    keys = None if pks is None else set(pks)
    return Fleet(
        hosts=_hosts(keys),
        volumes=_volumes(keys),
        networks=_networks(keys),
        vlans=_vlans(vm) if vm else {},
        taken=_taken(vm) if vm else frozenset(),
    )


def situation_of(host: Host, fleet: Fleet) -> HostSituation:
    """Averages since other VMs ran on the host, as SCVMM takes them; the latest load before there is a sample."""
    has_mean = host.load_count > 0
    return HostSituation(
        name=host.name,
        kind=host.kind,
        state=_STATES.get(host.state, host.state),
        is_responding=host.state == _RESPONDING,
        is_in_maintenance=host.is_in_maintenance,
        is_clustered=host.is_clustered,
        has_vm=host.pk in fleet.taken,
        cpu_vendor=host.cpu_vendor,
        cpu_model=host.cpu_model,
        cpu_count=host.cpu_count,
        cpu_percent=host.mean_cpu_percent if has_mean else host.cpu_percent,
        memory_mb=host.memory_mb,
        memory_available_mb=host.memory_available_mb,
        disk_iops=host.mean_disk_iops if has_mean else host.disk_iops,
        network_percent=host.mean_network_percent if has_mean else host.network_percent,
        free_bytes=fleet.volumes.get(host.pk, {}),
        networks=fleet.networks.get(host.pk, frozenset()),
        vm_versions=frozenset(host.supported_vm_versions),
        vlans_in_use=frozenset(fleet.vlans.get(host.pk, ())),
        reserves=effective_reserves(host),
    )


_STATES = dict(Host.State.choices)
_RESPONDING = Host.State.RESPONDING.value


def _hosts(keys: set[int] | None) -> list[Host]:
    """Each with its group, of which there are few. Whole rows: Django makes those faster than rows with gaps."""
    rows = Host.objects.all()
    groups = {group.pk: group for group in HostGroup.objects.all()}
    found = list(rows if keys is None else rows.filter(pk__in=keys))
    for host in found:
        host.group = groups[host.group_id]
    return found


def _volumes(keys: set[int] | None) -> Mapping[int, Mapping[str, int]]:
    rows = HostVolume.objects.all() if keys is None else HostVolume.objects.filter(host_id__in=keys)
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for host_id, path, free_bytes in rows.order_by().values_list("host_id", "path", "free_bytes"):
        found[host_id][path] = free_bytes
    return found


def _networks(keys: set[int] | None) -> Mapping[int, frozenset[str]]:
    rows = VirtualNetwork.objects.all() if keys is None else VirtualNetwork.objects.filter(host_id__in=keys)
    found: dict[int, list[str]] = defaultdict(list)
    for host_id, name in rows.order_by().values_list("host_id", "name"):
        found[host_id].append(name)
    return {host_id: frozenset(names) for host_id, names in found.items()}


def _vlans(vm: VirtualMachine) -> Mapping[int, set[Tag]]:
    """VLANs of the VM that other VMs are in, by the host of those; asked also when it has none, for a fixed number."""
    tags = {(it.network_name, it.vlan_id) for it in vm.adapters.all() if it.vlan_id and it.network_name}
    wanted = Q(network_name__in={name for name, _ in tags}, vlan_id__in={vlan for _, vlan in tags})
    rows = VirtualAdapter.objects.filter(wanted).exclude(vm_id=vm.pk).order_by()
    found: dict[int, set[Tag]] = defaultdict(set)
    for host_id, network, vlan in rows.values_list("vm__host_id", "network_name", "vlan_id").distinct():
        if vlan is not None and (network, vlan) in tags:
            found[host_id].add((network, vlan))
    return found


def _taken(vm: VirtualMachine) -> frozenset[int]:
    rows = VirtualMachine.objects.filter(uid=vm.uid, is_missing=False).order_by().values_list("host_id", flat=True)
    return frozenset({*rows, vm.host_id})
