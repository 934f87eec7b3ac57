"""The VM bears the job's tag from the first change to the last, on whichever host it is."""

from __future__ import annotations

from migrations_app.engine.step import Context, Step


class MarkUnderMigration(Step):
    key = "mark"
    title = "Mark Under Migration"
    phase = "Preparing"
    undo_can_wait = True

    def run(self, ctx: Context) -> None:
        """A VM that runs is still started by its host after a reboot, until it is saved; one that stands still not."""
        ctx.source.mark(ctx.plan.vm_uid, ctx.tag, hold=not ctx.plan.was_running)

    def undo(self, ctx: Context) -> None:
        ctx.source.unmark(ctx.plan.vm_uid, ctx.tag)


class Finish(Step):
    key = "finish"
    title = "Take the marks away"
    phase = "Finishing"

    def run(self, ctx: Context) -> None:
        ctx.target.unmark(ctx.plan.vm_uid, ctx.tag)
        ctx.target.clear_traces(ctx.tag, destinations=None)
        ctx.source.clear_traces(ctx.tag, destinations=None)
