"""The live move: the hypervisors send disks and memory while the VM runs, and switch over by themselves.

They keep disks and memory in step until the moment of the switch-over, so that no digest could be taken of what still
changes; what is proved is that the VM runs on the target, on every disk that was ordered. Its files on the source are
deleted only after that.
"""

from __future__ import annotations

from hosts import units
from hosts.providers.base import QuickMigrates
from hosts.providers.errors import ProviderError, refusal
from hosts.providers.live import LiveMigrates, LiveMove
from hosts.providers.types import DiskPlacement, Registration, Vm, VmState, WorkState
from migrations_app.engine.registration import registration
from migrations_app.engine.step import Context, Copied, FileProof, PastReturn, Step, StepRefused
from migrations_app.engine.steps.hand_over import VerifyOnTarget

STARTS = 3


class MigrateLive(Step):
    """Can be cancelled until the switch-over, which nobody announces: whether it is past that is asked, not noted."""

    key = "live-move"
    title = "Migrate live with its disks"
    phase = "Sending disks and memory while it runs"

    def run(self, ctx: Context) -> Copied:
        vm = ctx.source_vm()
        order = _flattened(registration(ctx.plan, ctx.tag, vm))
        moved = LiveMove(WorkState.DONE) if _runs_on_target(ctx) else _Way(ctx, order).go()
        return Copied(tuple(_files(order, vm)), _note(moved))

    def undo(self, ctx: Context) -> None:
        """Asked before the cancel, which is refused past the switch-over, and after it: it may have come meanwhile."""
        plan = ctx.plan
        _raise_if_arrived(ctx)
        _live(ctx.source, plan.source_name).cancel_live_move(plan.vm_uid, ctx.tag)
        _raise_if_arrived(ctx)
        ctx.target.remove_vm(plan.vm_uid, ctx.tag)
        vm = ctx.source_vm()
        order = _flattened(registration(plan, ctx.tag, vm))
        ctx.target.clear_traces(ctx.tag, destinations=[disk.layers[-1][1] for disk in order.disks])
        if vm.state is VmState.PAUSED:
            ctx.source.start(plan.vm_uid, ctx.tag)


class VerifyLive(VerifyOnTarget):
    commits = True


class _Way:
    """One attempt: begun, and begun again when its connection was lost on the way."""

    def __init__(self, ctx: Context, order: Registration) -> None:
        self._ctx = ctx
        self._order = order
        self._source = _live(ctx.source, ctx.plan.source_name)
        self._target = _live(ctx.target, ctx.plan.target_name)
        self._starts = 0
        self._limit = 0

    def go(self) -> LiveMove:
        ctx = self._ctx
        self._begin()
        while True:
            ctx.wait()
            moved = self._source.live_move(self._order.uid, ctx.tag)
            if moved.state is WorkState.DONE:
                return moved
            if moved.state is WorkState.FAILED:
                raise refusal(ctx.plan.source_name, moved.error_kind or "", moved.error or "The live move has failed.")
            if moved.state is WorkState.LOST:
                if _runs_on_target(ctx):
                    return LiveMove(WorkState.DONE)
                self._begin()
            ctx.progress.report(moved.bytes_done, moved.bytes_total)
            self._follow_limit()

    def _begin(self) -> None:
        if self._starts >= STARTS:
            raise ProviderError(self._ctx.plan.source_name, "The live move ended again and again without a reason.")
        self._starts += 1
        self._limit = self._ctx.progress.limit_bytes_per_s()
        self._source.start_live_move(self._order, self._target, limit_bytes_per_s=self._limit)

    def _follow_limit(self) -> None:
        limit = self._ctx.progress.limit_bytes_per_s()
        if limit != self._limit:
            self._source.limit_live_move(self._order.uid, self._ctx.tag, limit)
            self._limit = limit


def _raise_if_arrived(ctx: Context) -> None:
    if _runs_on_target(ctx):
        raise PastReturn(f"{ctx.plan.vm_name} runs on {ctx.plan.target_name}.")


def _runs_on_target(ctx: Context) -> bool:
    found = ctx.target.find_vm(ctx.plan.vm_uid)
    return found is not None and found.state in (VmState.RUNNING, VmState.PAUSED)


def _live(host: QuickMigrates, name: str) -> LiveMigrates:
    if isinstance(host, LiveMigrates):
        return host
    raise StepRefused(f"{name} cannot move virtual machines live.", "Move it by Quick Migration.")


def _flattened(order: Registration) -> Registration:
    """Every chain becomes one file, where its last layer was to go."""
    disks = tuple(DiskPlacement(disk.location, disk.layers[-1:]) for disk in order.disks)
    return Registration(order.uid, order.tag, order.folder, order.config_path, disks, order.adapters)


def _files(order: Registration, vm: Vm) -> list[FileProof]:
    """What the source will not need any more, with where it went; without a digest, see above."""
    places = {disk.location: disk.layers[-1][1] for disk in order.disks}
    return [
        FileProof(layer.path, places[disk.location], layer.file_size_bytes, digest="")
        for disk in vm.disks
        for layer in disk.layers
    ]


def _note(moved: LiveMove) -> str:
    if moved.pause_ms is None:
        return ""
    return f"The hypervisor paused it for {units.duration(moved.pause_ms / 1000)} to switch over."
