"""Hosts in memory that can send a paused VM's memory straight into one another."""

from __future__ import annotations

from dataclasses import replace

from hosts.providers.base import StreamsState
from hosts.providers.errors import WrongState
from hosts.providers.types import Registration, Vm, VmState
from tests.fakes.fence import changes
from tests.fakes.world import FakeProvider


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
