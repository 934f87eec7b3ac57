"""What a job changed of its VM: as it was when the move was ordered, and as it was found when the job had ended."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError

from hosts.models import VirtualMachine
from hosts.providers.types import VmState
from migrations_app.engine.plan import Plan
from migrations_app.models import MigrationJob

logger = logging.getLogger(__name__)

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A property of the VM, one line a value."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Changes:
    """`is_found`: `after` was found on a host; otherwise it is what the plan says."""

    rows: tuple[Change, ...]
    is_found: bool

    @property
    def count(self) -> int:
        return sum(row.is_changed for row in self.rows)


def vm_record(vm: VirtualMachine) -> dict[str, Any]:
    """What is kept of the VM's rows, as JSON."""
    return {
        "host": vm.host.name,
        "state": vm.state,
        "folder": vm.folder,
        "config_path": vm.config_path,
        "disks": {disk.location: [layer["path"] for layer in disk.layers] for disk in vm.disks.all()},
        "adapters": {
            it.adapter_id: {"name": it.name, "network": it.network_name, "mac": it.mac} for it in vm.adapters.all()
        },
        "checkpoints": [checkpoint["name"] for checkpoint in vm.checkpoints],
    }


def keep_after(job_pk: int) -> None:
    """Called when the job has ended and its hosts were asked what they have. That it fails changes nothing."""
    try:
        vm = VirtualMachine.objects.select_related("host").filter(jobs=job_pk).first()
        if vm is not None:
            MigrationJob.objects.filter(pk=job_pk).update(vm_after=vm_record(vm))
    except DatabaseError as error:
        logger.warning("What job %s changed was not written down: %s", job_pk, error)


def changes_of(job: MigrationJob) -> Changes | None:
    """None for a job of which it was not kept how its VM was."""
    if job.vm_before is None:
        return None
    found: Record | None = None if job.is_open else job.vm_after
    before = _lines(job.vm_before)
    after = _lines(found or _planned(job.vm_before, Plan.from_json(job.plan)))
    names = dict.fromkeys([*before, *after])
    rows = tuple(Change(name, before.get(name, ()), after.get(name, ())) for name in names)
    return Changes(rows, found is not None)


def _planned(before: Record, plan: Plan) -> Record:
    """How it will be when the job goes well."""
    networks = {adapter.adapter_id: adapter.network_name or "" for adapter in plan.adapters}
    planned = {disk.location for disk in plan.disks}
    return {
        **before,
        "host": plan.target_name,
        "folder": plan.folder,
        "config_path": before["config_path"] and plan.place(before["config_path"]),
        "disks": {
            location: [plan.place_layer(location, path) for path in paths]
            for location, paths in before["disks"].items()
            if location in planned
        },
        "adapters": {
            key: {**adapter, "network": networks.get(key, adapter["network"])}
            for key, adapter in before["adapters"].items()
        },
    }


def _lines(record: Record) -> dict[str, tuple[str, ...]]:
    """What is shown of a record: by the name of the property, its values."""
    lines: dict[str, tuple[str, ...]] = {
        "Host": (record["host"],),
        "State": (VmState(record["state"]).value.capitalize(),),
        "Folder": (record["folder"],),
        "Configuration": (record["config_path"],),
    }
    lines |= {f"Disk {location}": tuple(paths) for location, paths in record["disks"].items()}
    for adapter in record["adapters"].values():
        lines[_free(f"Network of {adapter['name']}", lines)] = (adapter["network"] or "Not connected",)
        lines[_free(f"MAC address of {adapter['name']}", lines)] = (adapter["mac"],)
    lines["Checkpoints"] = tuple(record["checkpoints"]) or ("None",)
    return {name: values for name, values in lines.items() if any(values)}


def _free(name: str, taken: Mapping[str, object]) -> str:
    """Adapters are often all called the same: "Network of Network Adapter (2)"."""
    number = sum(each == name or each.startswith(f"{name} (") for each in taken)
    return f"{name} ({number + 1})" if number else name
