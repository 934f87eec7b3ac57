"""After the target has the VM: prove it, then take it off the source. Nothing is deleted without the proof."""

from __future__ import annotations

import time
from typing import ClassVar

from hosts import paths
from hosts.providers.types import Vm
from migrations_app.engine.step import Context, PastReturn, Step, StepRefused, bears
from migrations_app.engine.steps.cut_over import standing_still


class VerifyOnTarget(Step):
    key = "verify"
    title = "Verify on the target host"
    phase = "Verifying on the target host"

    def run(self, ctx: Context) -> None:
        found, plan = _proved_on_target(ctx), ctx.plan
        if found.state is not plan.vm_state:
            raise StepRefused(
                f"{plan.vm_name} on {plan.target_name} is {found.state.value}, not {plan.vm_state.value}.",
                "Look at the virtual machine, bring it into that state, and retry.",
            )


class RemoveFromSource(Step):
    key = "remove-source"
    title = "Remove from the source host"
    phase = "Removing from the source host"
    delete_within_s: ClassVar[float] = 60.0

    def run(self, ctx: Context) -> None:
        """Looked at again here, because a retry may come much later: the source's files may be the only ones left."""
        _proved_on_target(ctx)
        ctx.source.remove_vm(ctx.plan.vm_uid, ctx.tag)
        if not ctx.plan.keeps_source_files:
            _delete_files(ctx, self.delete_within_s)


class HandOver(RemoveFromSource):
    """The same for a VM that stands still: here the target gets it."""

    key = "hand-over"
    commits = True

    def run(self, ctx: Context) -> None:
        if ctx.source.find_vm(ctx.plan.vm_uid) is not None:
            standing_still(ctx)
        super().run(ctx)

    def undo(self, ctx: Context) -> None:
        """Unmarked first: the source makes no removal any more that was ordered before that, so what is seen stays so.
        This is looked at again after the mark was undone: nothing may be put on the VM here."""
        ctx.source.unmark(ctx.plan.vm_uid, ctx.tag)
        if ctx.source.find_vm(ctx.plan.vm_uid) is None:
            raise PastReturn(f"{ctx.plan.vm_name} is not registered on {ctx.plan.source_name} any more.")


def _proved_on_target(ctx: Context) -> Vm:
    """The VM as the target has it: registered by this job, with every disk whose base was copied and proved."""
    plan = ctx.plan
    found = ctx.target.find_vm(plan.vm_uid)
    if found is None or not bears(found, ctx.tag):
        raise StepRefused(
            f"{plan.vm_name} is not on {plan.target_name} as this job registered it.",
            f"Nothing was removed from {plan.source_name}. Find out what became of the virtual machine.",
        )
    copied = {paths.key(proof.target_path) for proof in ctx.proofs}
    bases = [paths.key(disk.layers[0].path) for disk in found.disks if disk.layers]
    if len(bases) != len(plan.disks) or not copied.issuperset(bases):
        raise StepRefused(f"{plan.vm_name} on {plan.target_name} does not have the disks that were copied.")
    return found


def _delete_files(ctx: Context, within_s: float) -> None:
    """What is still in use (a merge, a backup) is tried again for a while."""
    paths = [proof.source_path for proof in ctx.proofs]
    deadline = time.monotonic() + within_s
    while paths := list(ctx.source.delete_files(paths, ctx.tag)):
        if time.monotonic() > deadline:
            raise StepRefused(
                f"{paths[0]} on {ctx.plan.source_name} is in use and could not be deleted.",
                "Wait until whatever holds it (a backup, a virus scanner) has ended, then retry.",
            )
        ctx.wait()
