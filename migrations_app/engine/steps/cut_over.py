"""The outage: save on the source, register and restore on the target. Never two, never none."""

from __future__ import annotations

from hosts.providers.errors import WrongState
from hosts.providers.types import Vm, VmState
from migrations_app.engine.frozen import check_copied_layers
from migrations_app.engine.registration import registration
from migrations_app.engine.step import Context, PastReturn, Step, StepRefused

_STANDS_STILL = (VmState.SAVED, VmState.OFF)
_RUNS = (VmState.RUNNING, VmState.PAUSED)


class SaveState(Step):
    key = "save"
    title = "Save the state"
    phase = "Saving the state"
    begins_outage = True

    def weigh(self, ctx: Context) -> str:
        """Never skipped; but what was merged meanwhile is found while the VM still runs."""
        check_copied_layers(ctx, ctx.source_vm())
        return ""

    def run(self, ctx: Context) -> None:
        state = ctx.source.save(ctx.plan.vm_uid, ctx.tag).state
        if state is not VmState.SAVED:
            raise StepRefused(
                f"{ctx.plan.vm_name} is {state.value} on {ctx.plan.source_name}, not saved.",
                "Look at the virtual machine; somebody may have changed its state.",
            )

    def undo(self, ctx: Context) -> None:
        """Resume what was saved. Once the target may have been told to start, it is first proved that it has nothing
        left to start. A VM that somebody shut down meanwhile stays so."""
        plan = ctx.plan
        if ctx.start_was_ordered and ctx.target.find_vm(plan.vm_uid) is not None:
            raise WrongState(plan.target_name, f"{plan.vm_name} is still registered on {plan.target_name}.")
        if ctx.source_vm().state is not VmState.OFF:
            ctx.source.start(plan.vm_uid, ctx.tag)


class RegisterOnTarget(Step):
    key = "register"
    title = "Register on the target host"
    phase = "Registering on the target host"
    undo_can_wait = True

    def run(self, ctx: Context) -> None:
        ctx.target.register(registration(ctx.plan, ctx.tag, standing_still(ctx)))

    def undo(self, ctx: Context) -> None:
        ctx.target.remove_vm(ctx.plan.vm_uid, ctx.tag)


class StartOnTarget(Step):
    key = "start"
    title = "Restore on the target host"
    phase = "Restoring on the target host"
    ends_outage = True
    commits = True

    def run(self, ctx: Context) -> None:
        standing_still(ctx)
        state = ctx.target.start(ctx.plan.vm_uid, ctx.tag).state
        if state not in _RUNS:
            raise StepRefused(f"{ctx.plan.vm_name} is {state.value} on {ctx.plan.target_name}, not running.")

    def undo(self, ctx: Context) -> None:
        """Nothing to take back unless it runs or has run; that is asked, not guessed.

        A VM that stands still may have run and written before its host went down: the host keeps the order to start
        it, and takes that away only when the start has failed.
        """
        plan = ctx.plan
        found = ctx.target.find_vm(plan.vm_uid)
        if found is None:
            return
        if found.state in _RUNS or (found.state in _STANDS_STILL and found.start_ordered_by == ctx.tag):
            raise PastReturn(f"{plan.vm_name} was started on {plan.target_name}, and is {found.state.value} there.")
        if found.state not in _STANDS_STILL:
            raise WrongState(plan.target_name, f"{plan.vm_name} is {found.state.value} on {plan.target_name}.")


def standing_still(ctx: Context) -> Vm:
    """Safety rule 1: the copy on the source is proved to be off or saved, and not written to since it was copied."""
    vm = ctx.source_vm()
    if vm.state not in _STANDS_STILL:
        raise StepRefused(
            f"{vm.name} is {vm.state.value} on {ctx.plan.source_name}; it must stand still before the target has it.",
            "Somebody started it during the move. Retry when it may pause.",
        )
    check_not_written(ctx, vm)
    return vm


def check_not_written(ctx: Context, vm: Vm) -> None:
    """What was copied is what the source has. Raises StepRefused."""
    stamps = {file.path: file.stamp for disk in vm.disks for file in disk.layers}
    stamps |= {file.path: file.stamp for file in vm.state_files}
    for proof in ctx.proofs:
        if proof.stamp and stamps.get(proof.source_path) != proof.stamp:
            raise StepRefused(
                f"{proof.source_path} was written on {ctx.plan.source_name} after it was copied.",
                "Somebody started the virtual machine during the move. Retry when it may stand still.",
            )
