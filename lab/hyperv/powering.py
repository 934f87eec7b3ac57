"""What a host does to a VM for a person, never for a job: start, shut down, save, turn off; all but marked ones."""

from __future__ import annotations

import threading
import time

from lab.hyperv.guestprocess import GuestProcess
from lab.hyperv.lifecycle import save, start
from lab.hyperv.machine import Machine
from lab.hyperv.notes import marks
from lab.hyperv.refusal import Refused
from lab.hyperv.registered import RegisteredVm


def start_unmarked(machine: Machine, uid: str) -> RegisteredVm:
    """Start or restore. Raises Refused WrongState for a marked VM, and whatever keeps it from starting."""
    vm = machine.get(uid)
    with vm.lock:
        _require(vm, "started", "off", "saved", "running")
        start(machine, vm)
    return vm


def save_unmarked(machine: Machine, uid: str) -> RegisteredVm:
    vm = machine.get(uid)
    with vm.lock:
        _require(vm, "saved", "running", "saved")
        save(machine, vm)
    return vm


def shut_down(machine: Machine, uid: str) -> RegisteredVm:
    """Tell the guest, which takes its time. Raises Refused WrongState when nothing in it hears of it."""
    vm = machine.get(uid)
    with vm.lock:
        _require(vm, "shut down", "running", "off")
        if vm.guest is not None and vm.state == "running":
            if vm.config.shutdown_s is None:
                text = f"The guest of {vm.config.name} cannot be told to shut down"
                raise Refused("WrongState", f"{text}: its integration services do not answer.")
            arguments = (machine, vm, vm.guest, vm.config.shutdown_s)
            threading.Thread(target=_stop_after, args=arguments, daemon=True).start()
    return vm


def turn_off(machine: Machine, uid: str) -> RegisteredVm:
    vm = machine.get(uid)
    with vm.lock:
        _require(vm, "turned off", "running", "off")
        if vm.guest is not None:
            _stop(machine, vm, vm.guest)
    return vm


def _require(vm: RegisteredVm, done: str, *states: str) -> None:
    config = vm.config
    if found := marks(config.notes):
        text = f"{config.name} bears the tag {found[0].tag} of a move on {vm.folder.name} and is left alone: "
        raise Refused("WrongState", f"{text}it may run on another host.")
    if vm.state not in states:
        raise Refused("WrongState", f"{config.name} cannot be {done}: it is {vm.state.capitalize()}.")


def _stop_after(machine: Machine, vm: RegisteredVm, guest: GuestProcess, seconds: float) -> None:
    time.sleep(seconds)
    with vm.lock:
        if vm.guest is guest:
            _stop(machine, vm, guest)


def _stop(machine: Machine, vm: RegisteredVm, guest: GuestProcess) -> None:
    if guest.is_alive():
        guest.stop()
    machine.registry.note(vm.config.uid, is_running=False)
    vm.guest = None
