"""The VMs of a host become rows, and a VM that changed its host keeps the row it had.

A VM's id is its own for life, so two rows with one id are one VM: either on its way (Ferry copies it), or moved
by somebody else, or really registered twice. The rows of a VM under migration are left to its job.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter

from hosts.models import Host, VirtualAdapter, VirtualDisk, VirtualMachine
from hosts.providers.types import Vm
from hosts.row_sync import sync

_PLAIN_FIELDS = (
    "name",
    "generation",
    "version",
    "cpu_count",
    "cpu_percent",
    "memory_mb",
    "memory_demand_mb",
    "memory_startup_mb",
    "has_dynamic_memory",
    "uptime_s",
    "notes",
    "start_action",
    "folder",
    "config_path",
    "is_merging",
    "is_clustered",
    "is_replicated",
    "has_assigned_device",
    "is_emulated",
    "has_processor_compatibility",
)
_MADE_FIELDS = ("state", "state_files_bytes", "dvd_paths", "checkpoints", "is_missing")
_plain = attrgetter(*_PLAIN_FIELDS)


def record_vms(host: Host, vms: Sequence[Vm], asked_at: datetime) -> bool:
    """Make the rows of `host` be its `vms`; True when other VMs run there now than before."""
    before = {row.uid: row for row in host.vms.all()}
    twins = _twins(host, {vm.uid for vm in vms} | before.keys())
    seen = [vm for vm in vms if vm.uid in before or not _is_a_jobs_copy(twins.get(vm.uid), asked_at)]
    _take_rows_along(host, seen, before, twins)
    rows = _write(host, seen)
    _record_disks(host, seen, rows)
    _record_adapters(host, seen, rows)
    unseen = [row for uid, row in before.items() if uid not in rows]
    _part_from(host, [row for row in unseen if not _is_left_alone(row, asked_at)], twins)
    return {vm.uid: vm.state for vm in seen} != {uid: row.state for uid, row in before.items() if not row.is_missing}


def replace_row(survivor: VirtualMachine, other: VirtualMachine, host: Host) -> None:
    """Two rows of one VM become one: `survivor`, on `host`."""
    other.delete()
    VirtualMachine.objects.filter(pk=survivor.pk).update(host=host, is_missing=False, load_count=0)


def _twins(host: Host, uids: Iterable[str]) -> dict[str, VirtualMachine]:
    """The row that each of these VMs has on another host; the oldest, if there are several."""
    rows = VirtualMachine.objects.filter(uid__in=uids).exclude(host=host).select_related("host").order_by("-pk")
    return {row.uid: row for row in rows}


def _is_a_jobs_copy(twin: VirtualMachine | None, asked_at: datetime) -> bool:
    """The VM's row is on another host, and a job has not ended well or not ended yet: what is here is its business."""
    has_failed = twin is not None and twin.activity == VirtualMachine.Activity.MIGRATION_FAILED
    return has_failed or _is_left_alone(twin, asked_at)


def _is_left_alone(row: VirtualMachine | None, asked_at: datetime) -> bool:
    """A job has it, or Ferry has moved or released it since the host was asked."""
    if row is None:
        return False
    is_settled_since = row.settled_at is not None and row.settled_at >= asked_at
    return row.activity == VirtualMachine.Activity.UNDER_MIGRATION or is_settled_since


def _take_rows_along(
    host: Host, seen: Sequence[Vm], before: dict[str, VirtualMachine], twins: dict[str, VirtualMachine]
) -> None:
    """A VM seen here whose row elsewhere is missing has come from there."""
    moved = [twins[vm.uid] for vm in seen if vm.uid in twins and twins[vm.uid].is_missing]
    for row in moved:
        if row.activity == VirtualMachine.Activity.UNDER_MIGRATION:
            continue
        if here := before.get(row.uid):
            replace_row(*_older_first(here, row), host)
    alone = [row.pk for row in moved if row.uid not in before]
    VirtualMachine.objects.filter(pk__in=alone).update(host=host, load_count=0)


def _part_from(host: Host, gone: Sequence[VirtualMachine], twins: dict[str, VirtualMachine]) -> None:
    """VMs not seen here any more: those that are on another host have moved there, the others are missing."""
    missing = []
    for row in gone:
        twin = twins.get(row.uid)
        if twin is None or twin.is_missing or twin.activity == VirtualMachine.Activity.UNDER_MIGRATION:
            missing.append(row.pk)
        else:
            replace_row(*_older_first(row, twin), twin.host)
    VirtualMachine.objects.filter(pk__in=missing, host=host, is_missing=False).update(is_missing=True)


def _older_first(one: VirtualMachine, other: VirtualMachine) -> tuple[VirtualMachine, VirtualMachine]:
    """The row that has the history first: the one that a job left its word on, otherwise the older."""
    first, second = sorted((one, other), key=lambda row: (not row.activity, row.pk))
    return first, second


def _write(host: Host, vms: Sequence[Vm]) -> dict[str, VirtualMachine]:
    """Insert or update; `activity`, `settled_at` and what Ferry itself owns of known rows stay as they are."""
    rows = [_row(host, vm) for vm in vms]
    VirtualMachine.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["host", "uid"],
        update_fields=[*_PLAIN_FIELDS, *_MADE_FIELDS],
    )
    return {row.uid: row for row in rows}


def _row(host: Host, vm: Vm) -> VirtualMachine:
    plain = dict(zip(_PLAIN_FIELDS, _plain(vm), strict=True))
    return VirtualMachine(
        host=host,
        uid=vm.uid,
        state=vm.state.value,
        state_files_bytes=sum(file.size_bytes for file in vm.state_files),
        dvd_paths=list(vm.dvd_paths),
        checkpoints=[
            {"checkpoint_id": it.checkpoint_id, "name": it.name, "parent_id": it.parent_id} for it in vm.checkpoints
        ],
        is_missing=False,
        **plain,
    )


def _record_disks(host: Host, vms: Sequence[Vm], rows: dict[str, VirtualMachine]) -> None:
    keys = {row.pk for row in rows.values()}
    existing = [disk for disk in VirtualDisk.objects.filter(vm__host=host) if disk.vm_id in keys]
    wanted = [
        VirtualDisk(
            vm=rows[vm.uid],
            location=disk.location,
            size_bytes=disk.size_bytes,
            is_dynamic=disk.is_dynamic,
            is_pass_through=disk.is_pass_through,
            is_shared=disk.is_shared,
            layers=[
                {"path": it.path, "parent_path": it.parent_path, "file_size_bytes": it.file_size_bytes}
                for it in disk.layers
            ],
        )
        for vm in vms
        for disk in vm.disks
    ]
    values = ("size_bytes", "is_dynamic", "is_pass_through", "is_shared", "layers")
    sync(VirtualDisk, existing, wanted, ("vm_id", "location"), values)


def _record_adapters(host: Host, vms: Sequence[Vm], rows: dict[str, VirtualMachine]) -> None:
    keys = {row.pk for row in rows.values()}
    existing = [adapter for adapter in VirtualAdapter.objects.filter(vm__host=host) if adapter.vm_id in keys]
    wanted = [
        VirtualAdapter(
            vm=rows[vm.uid],
            adapter_id=adapter.adapter_id,
            name=adapter.name,
            mac=adapter.mac,
            network_name=adapter.network_name or "",
            vlan_id=adapter.vlan_id,
            addresses=list(adapter.addresses),
        )
        for vm in vms
        for adapter in vm.adapters
    ]
    values = ("name", "mac", "network_name", "vlan_id", "addresses")
    sync(VirtualAdapter, existing, wanted, ("vm_id", "adapter_id"), values)
