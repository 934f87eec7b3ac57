"""What a host does to a VM for the job whose tag it bears: mark and hold it, save it, start it, let it go."""

from __future__ import annotations

from lab.hyperv.lifecycle import save, start
from lab.hyperv.machine import Machine
from lab.hyperv.notes import (
    bears_mark,
    marks,
    noted_action,
    with_action,
    with_start_order,
    without_mark,
)
from lab.hyperv.refusal import Refused
from lab.hyperv.registered import RegisteredVm

HELD = "Nothing"


def mark(vm: RegisteredVm, tag: str, *, hold: bool) -> None:
    """Note the tag with the start action, and hold the VM if told to. Raises Refused AlreadyExists."""
    with vm.lock:
        config = vm.config
        foreign = [line.tag for line in marks(config.notes) if line.tag != tag]
        if foreign:
            raise Refused("AlreadyExists", f"{config.name} bears the tag {foreign[0]} of another job.")
        notes = config.notes
        if noted_action(notes, tag) is None:
            notes = with_action(notes, tag, config.start_action)
        change(vm, notes, HELD if hold else config.start_action)


def unmark(vm: RegisteredVm, tag: str) -> None:
    """Every line of the tag away, the start action back; nothing without the tag."""
    with vm.lock:
        notes = vm.config.notes
        if bears_mark(notes, tag):
            change(vm, without_mark(notes, tag), noted_action(notes, tag) or vm.config.start_action)


def save_marked(machine: Machine, vm: RegisteredVm, tag: str) -> None:
    """Hold, then save. Raises Refused WrongState without the tag, and whatever keeps the VM from being saved."""
    with vm.lock:
        require_mark(vm, tag)
        change(vm, vm.config.notes, HELD)
        save(machine, vm)


def start_marked(machine: Machine, vm: RegisteredVm, tag: str) -> None:
    """Note the order, start, and give the start action back; a VM that runs only gets the latter.

    The order is taken out of the notes again when this call noted it and the host refused. Raises Refused WrongState
    without the tag, and whatever keeps the VM from starting.
    """
    with vm.lock:
        require_mark(vm, tag)
        if vm.state != "running":
            _start_ordered(machine, vm, tag)
        notes = vm.config.notes
        change(vm, notes, noted_action(notes, tag) or vm.config.start_action)


def require_mark(vm: RegisteredVm, tag: str) -> None:
    """Raises Refused WrongState."""
    if not bears_mark(vm.config.notes, tag):
        raise Refused("WrongState", f"'{vm.config.name}' does not bear the tag {tag} and is left alone.")


def change(vm: RegisteredVm, notes: str, start_action: str) -> None:
    """Keep these in the configuration. Its file is written only for a change: jobs look at when it was written."""
    if (vm.config.notes, vm.config.start_action) != (notes, start_action):
        vm.config.notes, vm.config.start_action = notes, start_action
        vm.keep()


def _start_ordered(machine: Machine, vm: RegisteredVm, tag: str) -> None:
    state, notes = vm.state, vm.config.notes
    change(vm, with_start_order(notes, tag), vm.config.start_action)
    try:
        start(machine, vm)
    except Refused:
        if vm.state == state:
            change(vm, notes, vm.config.start_action)
        raise
