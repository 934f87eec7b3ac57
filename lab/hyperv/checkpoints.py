"""Checkpoints of a VM: made by pushing a layer on each disk, taken away by folding layers into their parents."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path, PureWindowsPath

from lab.hyperv.chain import chain_files
from lab.hyperv.config import CheckpointEntry, PendingMerge, state_path, write_config
from lab.hyperv.disk import create_child
from lab.hyperv.machine import Machine
from lab.hyperv.refusal import Refused
from lab.hyperv.registered import RegisteredVm
from lab.hyperv.statefile import StateHeader, write_state

_NEEDED_BYTES = 1 << 20
_GUID_AT_END = re.compile(r"_[0-9A-F-]{36}$")


def make_checkpoint(machine: Machine, vm: RegisteredVm, name: str) -> None:
    """Freeze the disks as they are; nothing when there is a checkpoint of this name.

    The configuration names the new, still empty layers before the guest writes to them: a power loss at any
    moment leaves a disk without a lost byte.
    """
    with vm.lock:
        if any(checkpoint.name == name for checkpoint in vm.config.checkpoints):
            return
        if vm.config.merges:
            raise Refused("WrongState", f"'{vm.config.name}' cannot take a checkpoint now: it is merging disks.")
        _check_room(machine, vm)
        checkpoint = _entry(vm, name)
        _write_files(machine, vm, checkpoint)
        for disk in vm.config.disks:
            disk.path = _create_layer(machine, disk.path)
        vm.config.checkpoints.append(checkpoint)
        vm.keep()
        if vm.state == "running" and vm.guest is not None:
            vm.guest.checkpoint(list(vm.real_layers()))


def remove_checkpoints(vm: RegisteredVm, tag: str) -> None:
    """Take away the tag's checkpoints; their layers are folded in later, by the merger."""
    with vm.lock:
        for checkpoint in [entry for entry in vm.config.checkpoints if bears(entry.name, tag)]:
            _remove(vm, checkpoint)
        vm.keep()


def bears(name: str, tag: str) -> bool:
    """Whether a checkpoint's name belongs to the tag."""
    return name == tag or name.startswith((f"{tag} ", f"{tag}-"))


def layer_above(vm: RegisteredVm, merge: PendingMerge) -> str | None:
    """Windows path of the layer that shall be folded into `merge.parent`, or None when there is none (any more)."""
    drives = vm.folder.drives
    top = drives.real(vm.config.disk(merge.location).path)
    parent = drives.real(merge.parent)
    files = chain_files(top, drives)
    index = files.index(parent) if parent in files else 0
    return drives.windows(files[index - 1]) if index else None


def finish_merge(vm: RegisteredVm, merge: PendingMerge) -> None:
    """The layer is folded in and its file gone: whoever named it means the parent now."""
    vm.config.merges.remove(merge)
    if merge.child is not None:
        vm.config.move_layers({merge.child: merge.parent})
    vm.keep()


def settle_merges(vm: RegisteredVm) -> None:
    """Note the merges that have ended: a guest ends one by itself, and a power loss may come before the note."""
    with vm.lock:
        for merge in [merge for merge in vm.config.merges if is_folded(vm, merge)]:
            vm.folder.drives.real(merge.child or "").unlink(missing_ok=True)
            finish_merge(vm, merge)


def is_folded(vm: RegisteredVm, merge: PendingMerge) -> bool:
    """The merge had begun, and its child is gone or no layer of the disk any more."""
    if merge.child is None:
        return False
    drives = vm.folder.drives
    child = drives.real(merge.child)
    if not child.exists():
        return True
    top = drives.real(vm.config.disk(merge.location).path)
    return top != child and child not in chain_files(top, drives)


def _check_room(machine: Machine, vm: RegisteredVm) -> None:
    for disk in vm.config.disks:
        if disk.is_pass_through:
            raise Refused("OperationFailed", f"'{vm.config.name}' has a pass-through disk: no checkpoint is possible.")
        machine.volumes.check_room(disk.path, _NEEDED_BYTES)


def _entry(vm: RegisteredVm, name: str) -> CheckpointEntry:
    checkpoint_id = str(uuid.uuid4())
    parents = vm.config.checkpoints
    return CheckpointEntry(
        checkpoint_id=checkpoint_id,
        name=name,
        parent_id=parents[-1].checkpoint_id if parents else None,
        config_path=f"{vm.config.folder}\\Snapshots\\{checkpoint_id.upper()}.vmcx",
        layers={disk.location: disk.path for disk in vm.config.disks},
    )


def _create_layer(machine: Machine, parent: str) -> str:
    path = PureWindowsPath(parent)
    stem = _GUID_AT_END.sub("", path.stem)
    child = str(path.with_name(f"{stem}_{str(uuid.uuid4()).upper()}.avhdx"))
    drives = machine.folder.drives
    create_child(drives.real(child), drives.real(parent), parent)
    return child


def _write_files(machine: Machine, vm: RegisteredVm, checkpoint: CheckpointEntry) -> None:
    config_file = machine.folder.drives.real(checkpoint.config_path)
    config_file.parent.mkdir(parents=True, exist_ok=True)
    write_config(config_file, vm.config)
    write_state(machine.folder.drives.real(state_path(checkpoint.config_path)), StateHeader(vm.config.uid))


def _remove(vm: RegisteredVm, checkpoint: CheckpointEntry) -> None:
    config = vm.config
    config.checkpoints.remove(checkpoint)
    for other in config.checkpoints:
        if other.parent_id == checkpoint.checkpoint_id:
            other.parent_id = checkpoint.parent_id
    now = time.time()
    config.merges += [PendingMerge(place, layer, now) for place, layer in checkpoint.layers.items()]
    for path in (checkpoint.config_path, state_path(checkpoint.config_path)):
        Path(vm.folder.drives.real(path)).unlink(missing_ok=True)
