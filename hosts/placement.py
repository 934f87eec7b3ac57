"""Rates every host for a VM from rows: the same few queries however many hosts there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Avg, F, Q, QuerySet
from django.utils import timezone

from hosts.models import Host, LoadSample, VirtualDisk, VirtualMachine
from hosts.providers.types import VmState
from hosts.rating_types import HostSituation, Options, Rating, Reserves, VmNeed
from hosts.ratings import rate

_BY_DEFAULT = Options()
_LOOK_BACK = timedelta(hours=1)

# What a VM that does not run is expected to take of its own processors once it runs (docs/ratings.md).
_IDLE_CPU_PART = 0.20


@dataclass(frozen=True, slots=True)
class RatedHost:
    host: Host
    rating: Rating


def rate_hosts(vm: VirtualMachine, options: Options = _BY_DEFAULT) -> list[RatedHost]:
    """Every host, best first; those that cannot be chosen last."""
    return sorted(_rated(vm, Host.objects.all(), options), key=_rank)


def rate_host(vm: VirtualMachine, host: Host, options: Options = _BY_DEFAULT) -> RatedHost:
    """One host; the same as in `rate_hosts`, because no host's rating depends on the others."""
    return next(iter(_rated(vm, Host.objects.filter(pk=host.pk), options)))


def need_of(vm: VirtualMachine) -> VmNeed:
    """What the VM takes along, from its row, its disks and its adapters."""
    disks = list(vm.disks.all())
    return VmNeed(
        name=vm.name,
        kind=vm.host.kind,
        state=VmState(vm.state),
        version=vm.version,
        cpu_count=vm.cpu_count,
        cpu_vendor=vm.host.cpu_vendor,
        busy_processors=_busy_processors(vm),
        memory_mb=vm.memory_mb,
        memory_demand_mb=vm.memory_demand_mb,
        memory_startup_mb=vm.memory_startup_mb,
        disk_bytes=sum(disk.file_size_bytes for disk in disks),
        state_files_bytes=vm.state_files_bytes,
        networks=frozenset(adapter.network_name for adapter in vm.adapters.all() if adapter.network_name),
        is_clustered=vm.is_clustered,
        immovable_parts=tuple(_immovable_parts(vm, disks)),
    )


def _rated(vm: VirtualMachine, hosts: QuerySet[Host], options: Options) -> Iterable[RatedHost]:
    need = need_of(vm)
    taken = set(VirtualMachine.objects.filter(uid=vm.uid, is_missing=False).values_list("host_id", flat=True))
    averages = _average_loads()
    for host in hosts.select_related("group").prefetch_related("volumes", "networks"):
        latest = (host.cpu_percent, host.disk_iops, host.network_percent)
        situation = _situation(host, averages.get(host.pk, latest), has_vm=host.pk in taken | {vm.host_id})
        yield RatedHost(host, rate(need, situation, options))


def _average_loads() -> dict[int, tuple[float, float, float]]:
    """CPU percent, IOPS and network percent of each host over its samples since other VMs ran there."""
    recent = Q(at__gte=timezone.now() - _LOOK_BACK) & Q(at__gte=F("host__load_since"))
    samples = LoadSample.objects.filter(recent)
    rows = samples.values_list("host_id").annotate(Avg("cpu_percent"), Avg("disk_iops"), Avg("network_percent"))
    return {host_id: (cpu, iops, network) for host_id, cpu, iops, network in rows}


def _situation(host: Host, load: tuple[float, float, float], *, has_vm: bool) -> HostSituation:
    cpu_percent, disk_iops, network_percent = load
    return HostSituation(
        name=host.name,
        kind=host.kind,
        state=host.get_state_display(),
        is_responding=host.state == Host.State.RESPONDING,
        is_in_maintenance=host.is_in_maintenance,
        is_clustered=host.is_clustered,
        has_vm=has_vm,
        cpu_vendor=host.cpu_vendor,
        cpu_count=host.cpu_count,
        cpu_percent=cpu_percent,
        memory_mb=host.memory_mb,
        memory_available_mb=host.memory_available_mb,
        disk_iops=disk_iops,
        network_percent=network_percent,
        free_bytes={volume.path: volume.free_bytes for volume in host.volumes.all()},
        networks=frozenset(network.name for network in host.networks.all()),
        vm_versions=frozenset(host.supported_vm_versions),
        reserves=_reserves(host),
    )


def _reserves(host: Host) -> Reserves:
    group = host.group
    return Reserves(
        cpu_percent=group.cpu_reserve_percent,
        memory_mb=group.memory_reserve_mb,
        disk_mb=group.disk_reserve_mb,
        max_disk_iops=group.max_disk_iops,
        network_percent=group.network_reserve_percent,
    )


def _busy_processors(vm: VirtualMachine) -> float:
    """Hyper-V tells a VM's CPU in percent of all processors of its host; a VM that is not running tells nothing."""
    if vm.state == VmState.RUNNING:
        return vm.cpu_percent / 100 * vm.host.cpu_count
    return _IDLE_CPU_PART * vm.cpu_count


def _immovable_parts(vm: VirtualMachine, disks: Iterable[VirtualDisk]) -> Iterable[str]:
    for disk in disks:
        if disk.is_pass_through:
            yield f"the pass-through disk at {disk.location}"
        elif disk.is_shared:
            yield f"the shared disk at {disk.location}"
    if vm.has_assigned_device:
        yield "a device of its host assigned to it"


def _rank(rated: RatedHost) -> tuple[float, bool, int, str]:
    rating = rated.rating
    return (-rating.stars, rating.is_blocked, -rating.memory_after_mb, rated.host.name)
