"""State transitions of a VM: start or restore, save, and what power on and power off of a host mean for it."""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from lab.hyperv.chain import chain_files
from lab.hyperv.checkpoints import settle_merges
from lab.hyperv.config import SavedState, state_path
from lab.hyperv.guest import GuestOrder
from lab.hyperv.guestprocess import GuestProcess
from lab.hyperv.machine import Machine
from lab.hyperv.refusal import Refused
from lab.hyperv.registered import RegisteredVm
from lab.hyperv.statefile import StateHeader, read_state_header, write_state

MEGABYTE = 1 << 20

_log = logging.getLogger(__name__)


def start(machine: Machine, vm: RegisteredVm) -> None:
    """Start or restore; harmless on a running VM. Raises Refused NotEnoughMemory, Incompatible, ChainBroken, InUse."""
    with vm.lock:
        if vm.state == "running":
            return
        settle_merges(vm)
        _check_start(machine, vm)
        with _claimed_memory(machine, vm):
            _launch(machine, vm)


def save(machine: Machine, vm: RegisteredVm) -> None:
    """Save and end; harmless on a saved or off VM. Raises Refused NotEnoughSpace; then the VM goes on running."""
    with vm.lock:
        guest = vm.guest
        if vm.state != "running" or guest is None:
            return
        _refuse_assigned_devices(vm)
        machine.volumes.check_room(state_path(vm.config_path), vm.config.memory_mb * MEGABYTE)
        save_id = str(uuid.uuid4())
        with _phase(vm, "saving"):
            guest.save(str(vm.state_file), save_id, machine.settings.cpu_vendor)
            settle_merges(vm)
            vm.config.saved = SavedState(save_id, machine.settings.cpu_vendor)
            vm.keep()
            machine.registry.note(vm.config.uid, is_running=False)
            vm.guest = None


def power_on(machine: Machine) -> None:
    """Bring back what ran: saved VMs are restored, those that lost power start anew, if their start action says so."""
    for uid, entry in machine.registry.entries().items():
        vm = machine.find(uid)
        if vm is None:
            continue
        wanted = vm.config.start_action == "Start" or (
            vm.config.start_action == "StartIfRunning" and (entry.is_running or entry.was_running)
        )
        if entry.is_running:
            _forget_saved_state(vm)
            machine.registry.note(uid, is_running=False)
        if wanted:
            _start_or_log(machine, vm)


def power_off(machine: Machine) -> None:
    """A shutdown in good order: every running VM is saved, and will be known to have run."""
    for vm in machine.vms():
        if vm.state == "running":
            _save_or_stop(machine, vm)
    machine.children.close()


def _check_start(machine: Machine, vm: RegisteredVm) -> None:
    for disk in vm.config.disks:
        chain_files(machine.folder.drives.real(disk.path), machine.folder.drives)
    if vm.config.saved is None:
        return
    _refuse_other_vendor(machine, vm, vm.config.saved)
    header = read_state_header(vm.state_file)
    if header.save_id != vm.config.saved.save_id:
        raise Refused(
            "FileCorrupted",
            f"The saved state of '{vm.config.name}' does not belong to its configuration.",
            "InvalidData",
        )


def _refuse_other_vendor(machine: Machine, vm: RegisteredVm, saved: SavedState) -> None:
    if saved.cpu_vendor != machine.settings.cpu_vendor:
        raise Refused(
            "Incompatible",
            f"'{vm.config.name}' was saved on a processor of {saved.cpu_vendor} and cannot be restored on one of "
            f"{machine.settings.cpu_vendor}.",
        )


def _refuse_assigned_devices(vm: RegisteredVm) -> None:
    if vm.config.has_assigned_device:
        raise Refused("OperationFailed", f"'{vm.config.name}' has an assigned device and cannot be saved.")


def _launch(machine: Machine, vm: RegisteredVm) -> None:
    machine.registry.note(vm.config.uid, is_running=True)
    try:
        vm.guest = GuestProcess(machine.children, _order(machine, vm))
    except Refused:
        machine.registry.note(vm.config.uid, is_running=False)
        raise
    vm.started_at = time.monotonic()
    _forget_saved_state(vm)


def _order(machine: Machine, vm: RegisteredVm) -> GuestOrder:
    config = vm.config
    return GuestOrder(
        uid=config.uid,
        name=config.name,
        host=machine.folder.name,
        lab_root=str(machine.folder.lab_root),
        parent_pid=os.getpid(),
        address=config.guest_address,
        port=config.guest_port,
        memory_mb=config.memory_mb,
        records_per_s=config.records_per_s,
        disks=vm.real_layers(),
        state_file=str(vm.state_file) if config.saved else None,
    )


def _forget_saved_state(vm: RegisteredVm) -> None:
    """The state was consumed, or is older than the disks: it must never be restored again."""
    if vm.config.saved is not None:
        vm.config.saved = None
        vm.keep()
        write_state(vm.state_file, StateHeader(vm.config.uid))


@contextmanager
def _phase(vm: RegisteredVm, phase: str) -> Iterator[None]:
    vm.phase = phase
    try:
        yield
    finally:
        vm.phase = None


@contextmanager
def _claimed_memory(machine: Machine, vm: RegisteredVm) -> Iterator[None]:
    with machine.memory_lock:
        free_mb = machine.free_memory_mb()
        if free_mb < vm.config.memory_mb:
            raise Refused(
                "NotEnoughMemory",
                f"Not enough memory in {machine.folder.name} to start '{vm.config.name}': it needs "
                f"{vm.config.memory_mb} MB, {free_mb} MB are available.",
                "ResourceUnavailable",
            )
        vm.phase = "starting"
    with _phase(vm, "starting"):
        yield


def _start_or_log(machine: Machine, vm: RegisteredVm) -> None:
    try:
        start(machine, vm)
    except Refused as refused:
        _log.error("%s: %s did not start: %s", machine.folder.name, vm.config.name, refused)


def _save_or_stop(machine: Machine, vm: RegisteredVm) -> None:
    with vm.lock:
        try:
            save(machine, vm)
        except Refused as refused:
            _log.error("%s: %s is turned off, not saved: %s", machine.folder.name, vm.config.name, refused)
            if vm.guest is not None:
                vm.guest.kill()
        machine.registry.note(vm.config.uid, is_running=False, was_running=True)
