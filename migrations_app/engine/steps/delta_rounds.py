"""Delta rounds: what was written during the last copy is frozen and copied while the VM still runs.

Each is two steps, so that a page shows what it moved. Whether one is worth it is decided right before it begins, on
what is known then (engine/rounds.py); when one is not, those after it are not either.
"""

from __future__ import annotations

from migrations_app.engine.frozen import check_copied_layers, copy_frozen, waiting_bytes
from migrations_app.engine.rounds import copy_rate, measured, what_it_saved, why_no_round
from migrations_app.engine.step import Context, Copied, Step


class MakeDeltaCheckpoint(Step):
    """Undone together with the first checkpoint."""

    key = "checkpoint-delta"
    phase = "Making another checkpoint"
    undo_can_wait = True

    def __init__(self, number: int) -> None:
        self._number = number
        self.title = f"Make another checkpoint (round {number})"

    def weigh(self, ctx: Context) -> str:
        if ctx.past and ctx.past[-1].is_skipped:
            return ctx.past[-1].note
        vm = ctx.source_vm()
        check_copied_layers(ctx, vm)
        return why_no_round(measured(ctx.past, waiting_bytes(vm), ctx.now()))

    def run(self, ctx: Context) -> None:
        ctx.source.checkpoint(ctx.plan.vm_uid, f"{ctx.tag}-{self._number + 1}")


class CopyDelta(Step):
    """Undone together with the first copy."""

    key = "copy-delta"
    phase = "Copying what was written meanwhile"
    undo_can_wait = True

    def __init__(self, number: int) -> None:
        self.title = f"Copy what was written meanwhile (round {number})"

    def weigh(self, ctx: Context) -> str:
        return ctx.past[-1].note if ctx.past[-1].is_skipped else ""

    def run(self, ctx: Context) -> Copied:
        files = copy_frozen(ctx, ctx.source_vm())
        copied, left = sum(file.size_bytes for file in files), waiting_bytes(ctx.source_vm())
        return Copied(files, what_it_saved(copied, left, copy_rate(ctx.past)))
