"""Hosts in memory that can send a VM's memory straight into one another: paused, or while it runs."""

from __future__ import annotations

from dataclasses import replace

from hosts.providers.base import StreamsState
from hosts.providers.errors import WrongState
from hosts.providers.live import LiveMigrates, LiveMove
from hosts.providers.types import Registration, Vm, VmState, WorkState
from tests.fakes.fence import changes
from tests.fakes.world import WORLD, FakeHost, FakeProvider


class StreamingFakeProvider(FakeProvider, StreamsState):
    @changes("pause")
    def pause(self, uid: str, tag: str) -> Vm:
        vm = self._vm(uid)
        if tag not in vm.notes or vm.state not in (VmState.RUNNING, VmState.PAUSED):
            raise WrongState(self._host.name, f"{vm.name} is {vm.state.value}.")
        self._put(replace(vm, state=VmState.PAUSED, start_action="Nothing"))
        return self._leave("pause", uid)

    @changes("send_state")
    def send_state(self, registration: Registration, target: StreamsState) -> Vm:
        """Enters the target as a call there, so that it may fail or die of it, too."""
        assert isinstance(target, StreamingFakeProvider)
        vm = self._vm(registration.uid)
        if vm.state is not VmState.PAUSED:
            raise WrongState(self._host.name, f"{vm.name} is not paused.")
        target._enter("receive")
        arrived = replace(target._imported(registration), state=VmState.PAUSED, start_ordered_by=registration.tag)
        target._put(arrived)
        self._put(replace(vm, state=VmState.OFF))
        target._after("receive")
        self._after("send_state")
        return arrived


class LiveFakeProvider(StreamingFakeProvider, LiveMigrates):
    """Moves live, a third at each look."""

    @changes("start_live_move")
    def start_live_move(
        self, registration: Registration, target: LiveMigrates, *, limit_bytes_per_s: int = 0, max_pause_ms: int = 300
    ) -> None:
        assert isinstance(target, LiveFakeProvider)
        self._host.limits.append(limit_bytes_per_s)
        self._host.live_moves[registration.uid] = (registration, target._host.name, 0)
        for disk in registration.disks:
            target._host.files[disk.layers[-1][1]] = b""
            target._host.made[registration.tag].append(disk.layers[-1][1])
        self._after("start_live_move")

    def live_move(self, uid: str, tag: str) -> LiveMove:
        self._enter("live_move")
        if uid not in self._host.live_moves:
            return LiveMove(WorkState.LOST)
        order, target, thirds = self._host.live_moves[uid]
        self._host.live_moves[uid] = (order, target, thirds + self._host.live_speed)
        if thirds < 2:
            return LiveMove(WorkState.RUNNING, thirds * 100, 300)
        switch_over(self._host, WORLD[target], order)
        return LiveMove(WorkState.DONE, 300, 300, pause_ms=120)

    @changes("limit_live_move")
    def limit_live_move(self, uid: str, tag: str, limit_bytes_per_s: int) -> None:
        self._host.limits.append(limit_bytes_per_s)

    @changes("cancel_live_move")
    def cancel_live_move(self, uid: str, tag: str) -> None:
        self._host.live_moves.pop(uid, None)


def switch_over(source: FakeHost, target: FakeHost, order: Registration) -> None:
    """The memory is there with the disks: the one is off now, the other runs."""
    vm = source.vms[order.uid]
    source.vms[vm.uid] = replace(vm, state=VmState.OFF, start_action="Nothing")
    for disk, placed in zip(vm.disks, order.disks, strict=True):
        target.files[placed.layers[-1][1]] = b"".join(source.files[layer.path] for layer in disk.layers)
    disks = tuple(
        replace(disk, layers=(replace(disk.layers[-1], path=placed.layers[-1][1], parent_path=None),))
        for disk, placed in zip(vm.disks, order.disks, strict=True)
    )
    target.vms[vm.uid] = replace(vm, disks=disks, folder=order.folder, state_files=(), start_ordered_by=order.tag)
