"""Copying: the frozen layers while the VM runs, what was written since, and the rest once it stands still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hosts.providers.types import Disk, DiskLayer, StateFile, Vm
from migrations_app.engine.step import Context, Copied, Step, StepRefused
from migrations_app.engine.transfer import FileMove, transfer


class CopyFrozenLayers(Step):
    key = "copy"
    title = "Copy the disks"
    phase = "Copying the disks while it runs"
    undo_can_wait = True

    def run(self, ctx: Context) -> Copied:
        vm = ctx.source_vm()
        return Copied(transfer(ctx, [_move(ctx, disk, layer) for disk, layer in self.layers(vm)]))

    def layers(self, vm: Vm) -> Iterator[tuple[Disk, DiskLayer]]:
        for disk in vm.disks:
            for layer in disk.layers[:-1]:
                yield disk, layer

    def undo(self, ctx: Context) -> None:
        _clear(ctx)


class CopyDelta(CopyFrozenLayers):
    key = "copy-delta"
    title = "Copy what was written meanwhile"
    phase = "Copying what was written meanwhile"

    def layers(self, vm: Vm) -> Iterator[tuple[Disk, DiskLayer]]:
        """The layer of each disk that the second checkpoint has frozen."""
        for disk in vm.disks:
            yield from ((disk, layer) for layer in disk.layers[-2:-1])


class CopyRest(Step):
    """In the outage: what no earlier step copied. For a VM that is off or saved: everything."""

    key = "copy-rest"
    title = "Copy state and last changes"
    phase = "Copying the saved state"

    def run(self, ctx: Context) -> Copied:
        vm = ctx.source_vm()
        known = {proof.source_path for proof in ctx.proofs}
        layers = [replace(_move(ctx, disk, layer), stamp=layer.stamp) for disk in vm.disks for layer in disk.layers]
        _nothing_merged(ctx, known, {file.source_path for file in layers})
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


def _move(ctx: Context, disk: Disk, layer: DiskLayer) -> FileMove:
    return FileMove(layer.path, ctx.plan.place_layer(disk.location, layer.path), layer.file_size_bytes)


def _state_move(ctx: Context, vm: Vm, file: StateFile) -> FileMove:
    """The configuration has no stamp: the hypervisor may write it again without the VM having run."""
    stamp = "" if file.path == vm.config_path else file.stamp
    return FileMove(file.path, ctx.plan.place(file.path), file.size_bytes, stamp)


def _clear(ctx: Context) -> None:
    """Everything the job's copies made on the target goes; on the source only the records of the hashing.

    A registration that took effect after it was undone goes first: its files would be in use.
    """
    ctx.target.remove_vm(ctx.plan.vm_uid, ctx.tag)
    ctx.target.clear_traces(ctx.tag, destinations=[proof.target_path for proof in ctx.proofs])
    ctx.source.clear_traces(ctx.tag, destinations=None)


def _nothing_merged(ctx: Context, copied: set[str], chain: set[str]) -> None:
    """A layer that was copied and is not in the chain any more was merged into another one meanwhile."""
    if gone := sorted(copied - chain):
        raise StepRefused(
            f"{gone[0]} of {ctx.plan.vm_name} was merged on {ctx.plan.source_name} during the copy.",
            "Keep other tools from removing checkpoints during the move, then retry.",
        )
