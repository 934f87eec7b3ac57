"""The outage without a saved state: the VM is paused, and its memory goes straight into the target's hypervisor.

The source keeps the VM paused, with all its memory, until the target has the whole of it; then the source's is off.
So a failure before that costs a resume. From then on only the target has the memory: it is the step of no return.
"""

from __future__ import annotations

from hosts.providers.base import QuickMigrates, StreamsState
from hosts.providers.types import VmState
from migrations_app.engine.frozen import check_copied_layers
from migrations_app.engine.registration import registration
from migrations_app.engine.step import Context, Step, StepRefused
from migrations_app.engine.steps.copy_files import CopyRest
from migrations_app.engine.steps.cut_over import StartOnTarget, check_not_written


class PauseVm(Step):
    key = "pause"
    title = "Pause the virtual machine"
    phase = "Pausing the virtual machine"
    begins_outage = True

    def weigh(self, ctx: Context) -> str:
        """Never skipped; but what was merged meanwhile is found while the VM still runs."""
        check_copied_layers(ctx, ctx.source_vm())
        return ""

    def run(self, ctx: Context) -> None:
        state = _streaming(ctx.source, ctx.plan.source_name).pause(ctx.plan.vm_uid, ctx.tag).state
        if state is not VmState.PAUSED:
            raise StepRefused(
                f"{ctx.plan.vm_name} is {state.value} on {ctx.plan.source_name}, not paused.",
                "Look at the virtual machine; somebody may have changed its state.",
            )

    def undo(self, ctx: Context) -> None:
        """Go on with what was paused. When the memory was sent and the target is lost or has the VM no more, the VM
        starts from its disks, as after a power failure; one that somebody shut down before stays so."""
        if ctx.source_vm().state is not VmState.OFF or ctx.start_was_ordered:
            ctx.source.start(ctx.plan.vm_uid, ctx.tag)


class CopyLastChanges(CopyRest):
    title = "Copy the last changes"
    phase = "Copying the last changes"


class SendState(StartOnTarget):
    """Both the sending and the start: the target that has the memory has the VM. Undone as the other start is."""

    title = "Send the memory and resume on the target host"
    phase = "Sending the memory to the target host"

    def run(self, ctx: Context) -> None:
        plan = ctx.plan
        if ctx.target.find_vm(plan.vm_uid) is None:
            self._send(ctx)
        state = ctx.target.start(plan.vm_uid, ctx.tag).state
        if state is not VmState.RUNNING:
            raise StepRefused(f"{plan.vm_name} is {state.value} on {plan.target_name}, not running.")

    def _send(self, ctx: Context) -> None:
        plan, vm = ctx.plan, ctx.source_vm()
        if vm.state is not VmState.PAUSED:
            raise StepRefused(
                f"{vm.name} is {vm.state.value} on {plan.source_name}; it must be paused before its memory is sent.",
                "Somebody resumed or stopped it during the move. Retry when it may pause.",
            )
        check_not_written(ctx, vm)
        source, target = _streaming(ctx.source, plan.source_name), _streaming(ctx.target, plan.target_name)
        source.send_state(registration(plan, ctx.tag, vm), target)


def _streaming(host: QuickMigrates, name: str) -> StreamsState:
    if isinstance(host, StreamsState):
        return host
    raise StepRefused(f"{name} cannot take a virtual machine's memory without a file between the hosts.")
