"""The hold: everything is copied, and the VM runs on where it is until it may pause."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hosts import units
from hosts.providers.errors import HostUnreachable
from hosts.providers.types import Vm
from migrations_app.engine.frozen import check_copied_layers, copy_frozen, waiting_bytes
from migrations_app.engine.holding import ASLEEP_AT_MOST, CHECKPOINTS_AT_MOST, CutOver, clock, lead_of, next_look
from migrations_app.engine.rounds import Figures, StepRecord, copy_rate, measured, what_it_saved, why_no_round
from migrations_app.engine.step import Context, FileProof, Step, Synced, Waiting

SILENT_FOR = timedelta(minutes=1)


class Hold(Step):
    """Ends when the window is open and the outage fits into it, or when a person ordered the cut-over; never by itself
    outside the window. Until then what the VM writes is copied now and then (engine/holding.py says how often), and
    right before it ends as often as a round is worth it, `max_rounds` times at most. Between two looks the job waits
    without a worker and without its slots. Undone together with the first checkpoint and the first copy.
    """

    key = "hold"
    title = "Hold until the cut-over"
    phase = "Holding until the cut-over"
    is_gate = True
    undo_can_wait = True

    def run(self, ctx: Context) -> Synced:
        try:
            return _Hold(ctx).run()
        except HostUnreachable as silent:
            plan = ctx.plan
            text = f"{silent} {plan.vm_name} keeps running on {plan.source_name}; the job asks again every minute."
            raise Waiting(ctx.now() + SILENT_FOR, f"Holding: {silent.host} does not answer", text) from silent


class _Hold:
    """One attempt. `_own` is what the journal knows of this step; `_files` are those it copied."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._own = next((each for each in ctx.past if each.key == Hold.key), StepRecord(Hold.key))
        self._past = tuple(each for each in ctx.past if each.key != Hold.key)
        self._began_at = max((each.ended_at for each in self._past if each.ended_at), default=ctx.now())
        self._files = ctx.own_files
        self._last_rounds = ctx.plan.max_rounds

    def run(self) -> Synced:
        self._copy_what_is_frozen()
        while True:
            vm = self._ctx.source_vm()
            check_copied_layers(self._ctx, vm)
            cut_over, now = self._ctx.cut_over(), self._ctx.now()
            figures = measured((*self._past, self._own), waiting_bytes(vm), now)
            if cut_over.may_begin(now):
                if self._last_rounds > 0 and self._has_synced(vm, figures):
                    self._last_rounds -= 1
                    continue
                if cut_over.fits(now, self._outage_s(figures)):
                    return self._result(self._what_it_copied())
            self._wait_or_look(vm, cut_over, figures)

    def _wait_or_look(self, vm: Vm, cut_over: CutOver, figures: Figures) -> None:
        """Look whether to copy when it is time for that; otherwise raises Waiting."""
        now = self._ctx.now()
        opens_at = cut_over.opens_after(now)
        look_at = next_look(self._own.looks, self._began_at, opens_at, lead_of(figures.round_s))
        if look_at is None or look_at > now:
            wishes = (look_at, opens_at, now + ASLEEP_AT_MOST)
            raise _waiting(self._ctx, cut_over, min(at for at in wishes if at is not None))
        self._own = replace(self._own, looks=(*self._own.looks, now))
        if not self._has_synced(vm, figures):
            self._ctx.progress.keep(self._result())

    def _has_synced(self, vm: Vm, figures: Figures) -> bool:
        """Make a checkpoint and copy what it has frozen, if that is worth it."""
        ctx = self._ctx
        names = [point.name.removeprefix(f"{ctx.tag}-") for point in vm.checkpoints]
        ours = [int(name) for name in names if name.isdecimal()]
        if why_no_round(figures) or len(ours) >= CHECKPOINTS_AT_MOST:
            return False
        ctx.source.checkpoint(ctx.plan.vm_uid, f"{ctx.tag}-{max(ours, default=0) + 1}")
        self._own = replace(self._own, frozen_at=ctx.now())
        self._copy_what_is_frozen()
        return True

    def _copy_what_is_frozen(self) -> None:
        """Also what a checkpoint froze before an earlier worker was interrupted."""
        ctx = self._ctx
        vm = ctx.source_vm()
        check_copied_layers(ctx, vm)
        if not (files := copy_frozen(ctx, vm)):
            return
        self._files = (*self._files, *files)
        self._ctx = replace(ctx, proofs=(*ctx.proofs, *files))
        ctx.progress.keep(self._result())
        self._tell(files)

    def _tell(self, files: tuple[FileProof, ...]) -> None:
        ctx = self._ctx
        copied, left = sum(file.size_bytes for file in files), waiting_bytes(ctx.source_vm())
        ctx.progress.say(f"What was written meanwhile was copied. {what_it_saved(copied, left, copy_rate(self._past))}")

    def _what_it_copied(self) -> str:
        copied = sum(file.size_bytes for file in self._files)
        return f"{units.size(copied)} that were written meanwhile were copied while it was held." if copied else ""

    def _result(self, note: str = "") -> Synced:
        frozen_at = self._own.frozen_at.timestamp() if self._own.frozen_at else None
        return Synced(self._files, note, frozen_at, tuple(at.timestamp() for at in self._own.looks))

    def _outage_s(self, figures: Figures) -> float:
        """The plan's forecast, or what is to be sent at the rate that was measured, whichever is longer."""
        plan = self._ctx.plan
        return max(plan.outage_high_s, ((plan.memory_mb << 20) + figures.waiting_bytes) / figures.copy_bytes_per_s)


def _waiting(ctx: Context, cut_over: CutOver, until: datetime) -> Waiting:
    """Why it goes on holding, for the job's phase and its log."""
    plan, now = ctx.plan, ctx.now()
    stays = f"{plan.vm_name} keeps running on {plan.source_name} and is kept in sync"
    if opens_at := cut_over.opens_after(now):
        at = clock(opens_at, now)
        return Waiting(until, f"Holding until {at}", f"{stays}; the cut-over is planned for {at}.")
    if cut_over.opens_at is None:
        return Waiting(until, "Holding until the cut-over is ordered", f"{stays} until somebody orders the cut-over.")
    begin, end = clock(cut_over.opens_at, now), clock(cut_over.closes_at or now, now)
    act = f"{stays}. Cut over by hand or choose another window."
    if cut_over.has_passed(now):
        return Waiting(until, "Holding: the window has passed", f"The window from {begin} to {end} has passed; {act}")
    text = f"The outage does not fit any more before the window closes at {end}; {act}"
    return Waiting(until, "Holding: the outage does not fit into the window", text)
