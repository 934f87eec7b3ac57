"""Copying: the frozen layers while the VM runs, and the rest once it stands still."""

from __future__ import annotations

from migrations_app.engine.frozen import check_copied_layers, copy_frozen, layer_move
from migrations_app.engine.step import Context, Copied, Step
from migrations_app.engine.transfer import FileMove, transfer


class CopyFrozenLayers(Step):
    key = "copy"
    title = "Copy the disks"
    phase = "Copying the disks while it runs"
    undo_can_wait = True

    def run(self, ctx: Context) -> Copied:
        return Copied(copy_frozen(ctx, ctx.source_vm()))

    def undo(self, ctx: Context) -> None:
        """Whatever the job copied, here and in the rounds."""
        _clear(ctx)


class CopyRest(Step):
    """In the outage: what no earlier step copied. For a VM that is off or saved: everything."""

    key = "copy-rest"
    title = "Copy state and last changes"
    phase = "Copying the saved state"

    def run(self, ctx: Context) -> Copied:
        vm = ctx.source_vm()
        check_copied_layers(ctx, vm)
        known = {proof.source_path for proof in ctx.proofs}
        layers = [layer_move(ctx, disk, layer) for disk in vm.disks for layer in disk.layers]
        states = [
            FileMove(file.path, ctx.plan.place(file.path), file.size_bytes, file.stamp) for file in vm.state_files
        ]
        return Copied(transfer(ctx, [file for file in layers + states if file.source_path not in known]))


class CopyWhileOff(CopyRest):
    key = "copy-all"
    title = "Copy disks and configuration"
    phase = "Copying the disks"
    undo_can_wait = True

    def undo(self, ctx: Context) -> None:
        _clear(ctx)


def _clear(ctx: Context) -> None:
    """Everything the job's copies made on the target goes; on the source only the records of the hashing.

    A registration that took effect after it was undone goes first: its files would be in use.
    """
    ctx.target.remove_vm(ctx.plan.vm_uid, ctx.tag)
    ctx.target.clear_traces(ctx.tag, destinations=[proof.target_path for proof in ctx.proofs])
    ctx.source.clear_traces(ctx.tag, destinations=None)
