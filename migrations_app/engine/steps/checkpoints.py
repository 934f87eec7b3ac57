"""Checkpoints freeze what is to be copied; on the target they are merged away while the VM runs."""

from __future__ import annotations

from hosts.providers.base import QuickMigrates
from hosts.providers.types import Vm
from migrations_app.engine.step import Context, Step


class MakeCheckpoint(Step):
    key = "checkpoint"
    title = "Make a checkpoint"
    phase = "Making a checkpoint"
    undo_can_wait = True

    def run(self, ctx: Context) -> None:
        ctx.source.checkpoint(ctx.plan.vm_uid, f"{ctx.tag}-1")

    def undo(self, ctx: Context) -> None:
        """Every checkpoint that the job made, this and those of the rounds."""
        if ctx.source.find_vm(ctx.plan.vm_uid) is not None:
            _merge(ctx, ctx.source)


class MergeOnTarget(Step):
    key = "merge"
    title = "Merge the checkpoints"
    phase = "Merging the checkpoints"

    def run(self, ctx: Context) -> None:
        _merge(ctx, ctx.target)


def _merge(ctx: Context, host: QuickMigrates) -> None:
    """Hyper-V may say "not merging" while a checkpoint still waits for its turn: both are looked at."""
    while _is_merging(host.merge_checkpoints(ctx.plan.vm_uid, ctx.tag), ctx.tag):
        ctx.wait()


def _is_merging(vm: Vm, tag: str) -> bool:
    """A name bears the tag with "-" after it: ferry-7 is no part of ferry-77-1."""
    return vm.is_merging or any(point.name.startswith(f"{tag}-") for point in vm.checkpoints)
