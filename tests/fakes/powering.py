"""Hosts in memory whose VMs a person can start, shut down, save and turn off."""

from __future__ import annotations

from dataclasses import replace

from hosts.providers.errors import WrongState
from hosts.providers.power import Powers
from hosts.providers.types import Vm, VmState
from tests.fakes.fence import changes
from tests.fakes.world import WORLD, FakeProvider


class PoweredFakeProvider(FakeProvider, Powers):
    """A guest shuts down at once, unless its host's files have "deaf": then it never does."""

    @changes("start_vm")
    def start_vm(self, uid: str) -> Vm:
        return self._become(uid, VmState.RUNNING, VmState.OFF, VmState.SAVED, verb="start_vm")

    @changes("shut_down")
    def shut_down(self, uid: str) -> Vm:
        becomes = VmState.RUNNING if "deaf" in self._host.files else VmState.OFF
        return self._become(uid, becomes, VmState.RUNNING, verb="shut_down")

    @changes("save_vm")
    def save_vm(self, uid: str) -> Vm:
        return self._become(uid, VmState.SAVED, VmState.RUNNING, verb="save_vm")

    @changes("turn_off")
    def turn_off(self, uid: str) -> Vm:
        return self._become(uid, VmState.OFF, VmState.RUNNING, verb="turn_off")

    def _become(self, uid: str, state: VmState, *allowed: VmState, verb: str) -> Vm:
        vm = self._vm(uid)
        if "ferry-" in vm.notes:
            raise WrongState(self._host.name, f"{vm.name} bears the tag of a move.")
        if vm.state not in allowed:
            raise WrongState(self._host.name, f"{vm.name} is {vm.state.value}.")
        others = [host for host in WORLD.values() if host is not self._host and uid in host.vms]
        if state is VmState.RUNNING and any(host.vms[uid].state is VmState.RUNNING for host in others):
            raise AssertionError(f"{vm.name} would run twice")
        self._put(replace(vm, state=state))
        return self._leave(verb, uid)
