"""From the rows of all hosts to what a rating knows of each: read at once, as tuples where there are thousands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import router
from django.db.models import Q

from hosts.models import Host, HostGroup, HostVolume, VirtualAdapter, VirtualMachine, VirtualNetwork
from hosts.rating_types import HostSituation
from hosts.reserves import reserves_of

Tag = tuple[str, int]


class HostRow(NamedTuple):
    """The columns of a host that ratings and their pages read. Thousands of these cost a third of as many Hosts."""

    id: int
    name: str
    group_id: int
    kind: str
    address: str
    is_in_maintenance: bool
    state: str
    state_reason: str
    state_action: str
    last_contact_at: datetime | None
    os_name: str
    os_version: str
    cpu_vendor: str
    cpu_model: str
    cpu_count: int
    memory_mb: int
    memory_available_mb: int
    supported_vm_versions: list[str]
    default_vm_path: str
    is_clustered: bool
    cpu_percent: float
    disk_iops: float
    network_percent: float
    load_count: int
    mean_cpu_percent: float
    mean_disk_iops: float
    mean_network_percent: float
    cpu_reserve_percent: int | None
    memory_reserve_mb: int | None
    disk_reserve_mb: int | None
    max_disk_iops: int | None
    network_reserve_percent: int | None
    move_limit_bytes_per_s: int


@dataclass(frozen=True, slots=True)
class Fleet:
    """The hosts by name, and of each (by its key) its volumes' free bytes, its networks, the VLANs that other VMs there
    share with the VM to place. `groups`: by their key. `taken`: keys of the hosts that have the VM."""

    rows: Sequence[HostRow]
    groups: Mapping[int, HostGroup]
    volumes: Mapping[int, Mapping[str, int]]
    networks: Mapping[int, frozenset[str]]
    vlans: Mapping[int, set[Tag]]
    taken: frozenset[int]


def read_fleet(vm: VirtualMachine | None = None, pks: Iterable[int] | None = None) -> Fleet:
    """All hosts, or those with these keys, as they are for the VM: six queries, four without a VM."""
    keys = None if pks is None else set(pks)
    return Fleet(
        rows=_rows(keys),
        groups={group.pk: group for group in HostGroup.objects.all()},
        volumes=_volumes(keys),
        networks=_networks(keys),
        vlans=_vlans(vm) if vm else {},
        taken=_taken(vm) if vm else frozenset(),
    )


def situation_of(host: HostRow, fleet: Fleet) -> HostSituation:
    """Averages since other VMs ran on the host, as SCVMM takes them; the latest load before there is a sample."""
    has_mean = host.load_count > 0
    return HostSituation(
        name=host.name,
        kind=host.kind,
        state=_STATES.get(host.state, host.state),
        is_responding=host.state == _RESPONDING,
        is_in_maintenance=host.is_in_maintenance,
        is_clustered=host.is_clustered,
        has_vm=host.id in fleet.taken,
        cpu_vendor=host.cpu_vendor,
        cpu_model=host.cpu_model,
        cpu_count=host.cpu_count,
        cpu_percent=host.mean_cpu_percent if has_mean else host.cpu_percent,
        memory_mb=host.memory_mb,
        memory_available_mb=host.memory_available_mb,
        disk_iops=host.mean_disk_iops if has_mean else host.disk_iops,
        network_percent=host.mean_network_percent if has_mean else host.network_percent,
        free_bytes=fleet.volumes.get(host.id, {}),
        networks=fleet.networks.get(host.id, frozenset()),
        vm_versions=frozenset(host.supported_vm_versions),
        vlans_in_use=frozenset(fleet.vlans.get(host.id, ())),
        reserves=reserves_of(host, fleet.groups[host.group_id]),
    )


def as_host(row: HostRow, group: HostGroup) -> Host:
    """The row as a Host with its group. Columns that HostRow has not are fetched when somebody reads them."""
    host = Host.from_db(router.db_for_read(Host), _IN_ORDER, [getattr(row, name) for name in _IN_ORDER])
    host.group = group
    return host


_STATES = dict(Host.State.choices)
_RESPONDING = Host.State.RESPONDING.value
_IN_ORDER = [field.attname for field in Host._meta.concrete_fields if field.attname in HostRow._fields]


def _rows(keys: set[int] | None) -> list[HostRow]:
    hosts = Host.objects.all() if keys is None else Host.objects.filter(pk__in=keys)
    return [HostRow._make(values) for values in hosts.values_list(*HostRow._fields)]


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
