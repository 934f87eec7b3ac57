"""The outage: save on the source, register and restore on the target. Never two, never none."""

from __future__ import annotations

from hosts.providers.types import Vm, VmState
from migrations_app.engine.registration import registration
from migrations_app.engine.step import Context, PastReturn, Step, StepRefused

_STANDS_STILL = (VmState.SAVED, VmState.OFF)


class SaveState(Step):
    key = "save"
    title = "Save the state"
    phase = "Saving the state: the virtual machine pauses"
    begins_outage = True

    def run(self, ctx: Context) -> None:
        state = ctx.source.save(ctx.plan.vm_uid).state
        if state is not VmState.SAVED:
            raise StepRefused(
                f"{ctx.plan.vm_name} is {state.value} on {ctx.plan.source_name}, not saved.",
                "Look at the virtual machine; somebody may have changed its state.",
            )

    def undo(self, ctx: Context) -> None:
        ctx.source.start(ctx.plan.vm_uid)


class RegisterOnTarget(Step):
    key = "register"
    title = "Register on the target host"
    phase = "Registering on the target host"
    undo_can_wait = True

    def run(self, ctx: Context) -> None:
        ctx.target.register(registration(ctx.plan, ctx.tag, _standing_still(ctx)))

    def undo(self, ctx: Context) -> None:
        ctx.target.remove_vm(ctx.plan.vm_uid, ctx.tag)


class StartOnTarget(Step):
    key = "start"
    title = "Restore on the target host"
    phase = "Restoring on the target host"
    ends_outage = True
    commits = True

    def run(self, ctx: Context) -> None:
        _standing_still(ctx)
        state = ctx.target.start(ctx.plan.vm_uid).state
        if state is not VmState.RUNNING:
            raise StepRefused(f"{ctx.plan.vm_name} is {state.value} on {ctx.plan.target_name}, not running.")

    def undo(self, ctx: Context) -> None:
        """Nothing to take back unless it runs; whether it runs is asked, not guessed."""
        found = ctx.target.find_vm(ctx.plan.vm_uid)
        if found is not None and found.state not in _STANDS_STILL:
            raise PastReturn(f"{ctx.plan.vm_name} is {found.state.value} on {ctx.plan.target_name}.")


class VerifyOnTarget(Step):
    key = "verify"
    title = "Verify on the target host"
    phase = "Verifying on the target host"

    def run(self, ctx: Context) -> None:
        plan = ctx.plan
        found = ctx.target.find_vm(plan.vm_uid)
        if found is None:
            raise StepRefused(f"{plan.vm_name} is not on {plan.target_name} any more.")
        if found.state is not plan.vm_state:
            raise StepRefused(
                f"{plan.vm_name} is {found.state.value} on {plan.target_name}, not {plan.vm_state.value}."
            )
        if len(found.disks) != len(plan.disks):
            raise StepRefused(
                f"{plan.vm_name} has {len(found.disks)} disks on {plan.target_name}, not {len(plan.disks)}."
            )


class RemoveFromSource(Step):
    key = "remove-source"
    title = "Remove from the source host"
    phase = "Removing from the source host"

    def run(self, ctx: Context) -> None:
        ctx.source.remove_vm(ctx.plan.vm_uid, ctx.tag)
        if ctx.plan.keeps_source_files:
            return
        paths = [proof.source_path for proof in ctx.proofs]
        while paths := list(ctx.source.delete_files(paths, ctx.tag)):
            ctx.progress.wait()


class HandOver(RemoveFromSource):
    """The same for a VM that stands still: here the target gets it."""

    key = "hand-over"
    commits = True

    def undo(self, ctx: Context) -> None:
        if ctx.source.find_vm(ctx.plan.vm_uid) is None:
            raise PastReturn(f"{ctx.plan.vm_name} is not registered on {ctx.plan.source_name} any more.")


def _standing_still(ctx: Context) -> Vm:
    """Safety rule 1: the copy on the source is proved to be off or saved."""
    vm = ctx.source_vm()
    if vm.state not in _STANDS_STILL:
        raise StepRefused(
            f"{vm.name} is {vm.state.value} on {ctx.plan.source_name}; it must stand still before the target has it.",
            "Somebody started it during the move. Retry when it may pause.",
        )
    return vm
