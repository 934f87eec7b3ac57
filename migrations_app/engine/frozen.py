"""What the checkpoints have frozen: which layers are still to be copied, and whether the others stayed as they were."""

from __future__ import annotations

from hosts.providers.types import Disk, DiskLayer, Vm
from migrations_app.engine.step import Context, FileProof, StepRefused
from migrations_app.engine.transfer import FileMove, transfer


def copy_frozen(ctx: Context, vm: Vm) -> tuple[FileProof, ...]:
    """Copy every layer that is not written any more and not proved yet. The layers that somebody's own checkpoint
    froze are among them."""
    known = {proof.source_path for proof in ctx.proofs}
    frozen = [(disk, layer) for disk in vm.disks for layer in disk.layers[:-1] if layer.path not in known]
    return transfer(ctx, [layer_move(ctx, disk, layer) for disk, layer in frozen])


def layer_move(ctx: Context, disk: Disk, layer: DiskLayer) -> FileMove:
    place = ctx.plan.place_layer(disk.location, layer.path)
    return FileMove(layer.path, place, layer.file_size_bytes, layer.stamp)


def waiting_bytes(vm: Vm) -> int:
    """What was written since the last checkpoint: the layers that are written now."""
    return sum(disk.layers[-1].file_size_bytes for disk in vm.disks if disk.layers)


def check_copied_layers(ctx: Context, vm: Vm) -> None:
    """Raises StepRefused when what was copied is not what the VM's disks consist of any more.

    A layer that is gone was merged into another one; one that was written to took another one in. Either way the copy
    on the target lacks what the VM has. A disk that was added has no place on the target.
    """
    plan = ctx.plan
    if {disk.location for disk in vm.disks} != {disk.location for disk in plan.disks}:
        raise StepRefused(
            f"{vm.name} on {plan.source_name} does not have the disks any more with which the move was planned.",
            "Order the move again; it starts from how the virtual machine is now.",
        )
    stamps = {layer.path: layer.stamp for disk in vm.disks for layer in disk.layers}
    for proof in ctx.proofs:
        if proof.source_path not in stamps:
            raise _merged(ctx, proof, "was merged on")
        if proof.stamp != stamps[proof.source_path]:
            raise _merged(ctx, proof, "was written again on")


def _merged(ctx: Context, proof: FileProof, what: str) -> StepRefused:
    return StepRefused(
        f"{proof.source_path} of {ctx.plan.vm_name} {what} {ctx.plan.source_name} after it was copied.",
        "Keep other tools, such as backups, from removing checkpoints during the move, then retry.",
    )
