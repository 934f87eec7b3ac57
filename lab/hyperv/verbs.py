"""The verbs of an emulated host, one function for each script: parameters in, the script's result out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hosts.providers.hyperv.script_text import script_text
from lab.hyperv.checkpoints import make_checkpoint, remove_checkpoints
from lab.hyperv.describe import describe_host, describe_load, describe_vm
from lab.hyperv.imports import read_order, register
from lab.hyperv.machine import Machine
from lab.hyperv.marking import mark, save_marked, start_marked, unmark
from lab.hyperv.merger import Merger
from lab.hyperv.paths import folders_in
from lab.hyperv.powering import save_unmarked, shut_down, start_unmarked, turn_off
from lab.hyperv.refusal import Refused
from lab.hyperv.removal import delete_files, remove_vm
from lab.hyperv.workrecord import COPY_FILE, HASH_FILE, AskedWork
from lab.hyperv.works import Works

_TAG = re.compile(r"ferry-[0-9]+")
_WORK_ID = re.compile(r"[a-z0-9-]+")

Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EmulatedHost:
    """All parts of a host that verbs work on."""

    machine: Machine
    merger: Merger
    works: Works


def inspect_host(host: EmulatedHost, _: Parameters) -> dict[str, Any]:
    return describe_host(host.machine)


def sample_host(host: EmulatedHost, _: Parameters) -> dict[str, Any]:
    return describe_load(host.machine)


def list_folders(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    return {"folders": folders_in(host.machine.folder.drives, given["Path"])[: given["Most"]]}


def get_vm(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    vm = host.machine.find(given["VmId"])
    return {"vm": describe_vm(vm) if vm else None}


def mark_vm(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    vm = host.machine.get(given["VmId"])
    mark(vm, _tag(given), hold=given["Hold"])
    return {"vm": describe_vm(vm)}


def unmark_vm(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    vm, tag = host.machine.find(given["VmId"]), _tag(given)
    if vm is not None:
        unmark(vm, tag)
    return {}


def checkpoint_vm(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    vm = host.machine.get(given["VmId"])
    make_checkpoint(host.machine, vm, given["Name"])
    return {"vm": describe_vm(vm)}


def save_vm(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    vm = host.machine.get(given["VmId"])
    save_marked(host.machine, vm, _tag(given))
    return {"vm": describe_vm(vm)}


def start_vm(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    vm = host.machine.get(given["VmId"])
    start_marked(host.machine, vm, _tag(given))
    return {"vm": describe_vm(vm)}


def merge_checkpoints(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    vm = host.machine.get(given["VmId"])
    remove_checkpoints(vm, _tag(given))
    return {"vm": describe_vm(vm)}


def register_vm(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    _tag(given)
    return {"vm": describe_vm(register(host.machine, read_order(given)))}


def remove_registration(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    remove_vm(host.machine, host.merger, given["VmId"], _tag(given))
    return {}


def delete(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    _tag(given)
    return {"in_use": delete_files(host.machine, given["Paths"])}


def start_works(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    asked = [AskedWork(**order) for order in given["Orders"]]
    for work in asked:
        if not _WORK_ID.fullmatch(work.work_id) or work.kind not in (COPY_FILE, HASH_FILE):
            raise Refused("Refused", f"There can be no work '{work.work_id}' of the kind '{work.kind}'.")
        if given["Scripts"][work.kind] != script_text(work.kind):
            raise Refused("ScriptNotKnown", f"The script of {work.work_id} is not {work.kind}.ps1.", "SecurityError")
    return {"works": host.works.start(_tag(given), asked, given["LimitBytesPerS"])}


def list_works(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    return {"works": host.works.listed(_tag(given))}


def clear_traces(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    destinations = None if given["KeepFiles"] else given["Destinations"]
    host.works.clear(_tag(given), destinations=destinations)
    return {}


def power_start(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    return {"vm": describe_vm(start_unmarked(host.machine, given["VmId"]))}


def power_shut_down(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    return {"vm": describe_vm(shut_down(host.machine, given["VmId"]))}


def power_save(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    return {"vm": describe_vm(save_unmarked(host.machine, given["VmId"]))}


def power_turn_off(host: EmulatedHost, given: Parameters) -> dict[str, Any]:
    return {"vm": describe_vm(turn_off(host.machine, given["VmId"]))}


VERBS: dict[str, Callable[[EmulatedHost, Parameters], dict[str, Any]]] = {
    "inspect-host": inspect_host,
    "sample-host": sample_host,
    "list-folders": list_folders,
    "get-vm": get_vm,
    "mark-vm": mark_vm,
    "unmark-vm": unmark_vm,
    "checkpoint-vm": checkpoint_vm,
    "save-vm": save_vm,
    "start-vm": start_vm,
    "merge-checkpoints": merge_checkpoints,
    "register-vm": register_vm,
    "remove-vm": remove_registration,
    "delete-files": delete,
    "start-works": start_works,
    "list-works": list_works,
    "clear-traces": clear_traces,
    "power-start": power_start,
    "power-shut-down": power_shut_down,
    "power-save": power_save,
    "power-turn-off": power_turn_off,
}


def _tag(given: Parameters) -> str:
    tag = str(given["Tag"])
    if not _TAG.fullmatch(tag):
        raise _invalid("Tag", tag)
    return tag


def _invalid(name: str, value: str) -> Refused:
    return Refused(
        "ParameterArgumentValidationError", f"Cannot validate argument '{value}' on parameter '{name}'.", "InvalidData"
    )
