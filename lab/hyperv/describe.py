"""A host and its VMs as the scripts describe them: the fields of hosts.providers.types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import Any

from lab.hyperv.chain import chain_files, known_files
from lab.hyperv.checkpoints import settle_merges
from lab.hyperv.config import AdapterSlot, DiskSlot, state_path
from lab.hyperv.disk import read_header
from lab.hyperv.machine import Machine
from lab.hyperv.notes import start_ordered_by
from lab.hyperv.paths import DriveFolders
from lab.hyperv.refusal import Refused
from lab.hyperv.registered import RegisteredVm

MAX_MIGRATIONS = 2
_LOOKS = 5


def describe_vm(vm: RegisteredVm, *, is_tolerant: bool = False) -> dict[str, Any]:
    """The fields of types.Vm. Raises Refused for a broken disk, unless tolerant."""
    config = vm.config
    is_on = vm.state in ("running", "saving")
    return {
        "uid": config.uid,
        "name": config.name,
        "state": vm.state,
        "generation": config.generation,
        "version": config.version,
        "cpu_count": config.cpu_count,
        "cpu_percent": config.cpu_percent if is_on else 0.0,
        "memory_mb": config.memory_mb if is_on else 0,
        "memory_demand_mb": config.memory_mb * 3 // 4 if is_on else 0,
        "memory_startup_mb": config.memory_mb,
        "has_dynamic_memory": config.has_dynamic_memory,
        "uptime_s": vm.uptime_s,
        "notes": config.notes,
        "folder": config.folder,
        "config_path": vm.config_path,
        "start_action": config.start_action,
        "start_ordered_by": start_ordered_by(config.notes),
        "is_merging": bool(config.merges),
        "is_clustered": config.is_clustered,
        "is_replicated": config.is_replicated,
        "has_assigned_device": config.has_assigned_device,
        "is_emulated": False,
        "has_processor_compatibility": config.has_processor_compatibility,
        "dvd_paths": list(config.dvd_paths),
        "disks": _describe_disks(vm, is_tolerant=is_tolerant),
        "adapters": [_describe_adapter(adapter, is_on=is_on) for adapter in config.adapters],
        "checkpoints": [
            {"checkpoint_id": entry.checkpoint_id, "name": entry.name, "parent_id": entry.parent_id}
            for entry in config.checkpoints
        ],
        "state_files": list(_state_files(vm)),
    }


def describe_host(machine: Machine) -> dict[str, Any]:
    """The fields of types.HostFacts."""
    settings = machine.settings
    return {
        "computer_name": settings.name,
        "os_name": settings.os_name,
        "os_version": settings.os_version,
        "cpu_vendor": settings.cpu_vendor,
        "cpu_model": settings.cpu_model,
        "cpu_count": settings.cpu_count,
        "memory_mb": settings.memory_mb,
        "memory_available_mb": machine.free_memory_mb(),
        "supported_vm_versions": list(settings.vm_versions),
        "default_vm_path": settings.default_vm_path,
        "default_disk_path": settings.default_disk_path,
        "is_clustered": False,
        "max_migrations": MAX_MIGRATIONS,
        "volumes": machine.volumes.listed(),
        "networks": [
            {"network_id": switch.id, "name": switch.name, "kind": switch.kind.lower(), "vlan_id": None}
            for switch in sorted(settings.switches, key=lambda switch: switch.name)
        ],
        "vms": [describe_vm(vm, is_tolerant=True) for vm in sorted(machine.vms(), key=lambda vm: vm.config.name)],
    }


def describe_load(machine: Machine) -> dict[str, Any]:
    """The fields of types.HostLoad: what the host does by itself, and what its running VMs do there."""
    settings = machine.settings
    running = [vm for vm in machine.vms() if vm.state == "running"]
    mbps = settings.network_mbps + sum(vm.config.network_mbps for vm in running)
    return {
        "cpu_percent": min(100.0, settings.cpu_percent + sum(_cpu_percent(machine, vm) for vm in running)),
        "memory_available_mb": machine.free_memory_mb(),
        "disk_iops": settings.disk_iops + sum(vm.config.records_per_s for vm in running),
        "network_percent": min(100.0, 100 * mbps / settings.link_mbps),
        "vms": [
            {
                "uid": vm.config.uid,
                "cpu_percent": _cpu_percent(machine, vm) if vm in running else 0.0,
                "memory_demand_mb": vm.config.memory_mb * 3 // 4 if vm in running else 0,
            }
            for vm in machine.vms()
        ],
    }


def _cpu_percent(machine: Machine, vm: RegisteredVm) -> float:
    """As Hyper-V tells it: in percent of all processors of the host."""
    return vm.config.cpu_percent * vm.config.cpu_count / machine.settings.cpu_count


def _describe_disks(vm: RegisteredVm, *, is_tolerant: bool) -> list[dict[str, Any]]:
    """A merge that ends while we look takes a file away under us: then we look again."""
    for _ in range(_LOOKS):
        settle_merges(vm)
        was_merging = bool(vm.config.merges)
        try:
            return [_describe_disk(vm, disk, is_tolerant=is_tolerant) for disk in vm.config.disks]
        except (Refused, FileNotFoundError):
            if not was_merging:
                raise
    raise Refused("OperationFailed", f"The disks of '{vm.config.name}' change too fast to be read.")


def _describe_disk(vm: RegisteredVm, disk: DiskSlot, *, is_tolerant: bool) -> dict[str, Any]:
    drives = vm.folder.drives
    top = drives.real(disk.path)
    files = known_files(top, drives) if is_tolerant else chain_files(top, drives)
    headers = [read_header(file) for file in files]
    layers = [
        {
            "path": drives.windows(file),
            "parent_path": drives.windows(files[number + 1]) if number + 1 < len(files) else None,
            "file_size_bytes": file.stat().st_size,
            "stamp": _stamp(file),
        }
        for number, file in enumerate(files)
    ]
    return {
        "location": disk.location,
        "size_bytes": headers[0].size_bytes if headers else 0,
        "is_dynamic": bool(headers) and headers[-1].is_dynamic,
        "is_pass_through": disk.is_pass_through,
        "is_shared": disk.is_shared,
        "layers": layers[::-1] or [_unreadable(disk)],
    }


def _unreadable(disk: DiskSlot) -> dict[str, Any]:
    return {"path": disk.path, "parent_path": None, "file_size_bytes": 0, "stamp": ""}


def _stamp(file: Path) -> str:
    """Changes when the file is written."""
    found = file.stat()
    return f"{found.st_mtime_ns}-{found.st_size}"


def _describe_adapter(adapter: AdapterSlot, *, is_on: bool) -> dict[str, Any]:
    return {
        "adapter_id": adapter.adapter_id,
        "name": adapter.name,
        "mac": adapter.mac,
        "network_name": adapter.network_name,
        "vlan_id": adapter.vlan_id,
        "addresses": list(adapter.addresses) if is_on else [],
    }


def _state_files(vm: RegisteredVm) -> Iterator[dict[str, Any]]:
    for config_path in (vm.config_path, *(entry.config_path for entry in vm.config.checkpoints)):
        for path in (config_path, state_path(config_path)):
            yield from _state_file(vm.folder.drives, path)


def _state_file(drives: DriveFolders, path: str) -> Iterator[dict[str, Any]]:
    real = drives.real(path)
    if real.is_file():
        yield {"path": str(PureWindowsPath(path)), "size_bytes": real.stat().st_size, "stamp": _stamp(real)}
