"""The fifth part of the contract: what a person may have done to a VM, and never to one that a job has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hosts.providers.claims import Claim
from hosts.providers.errors import NotFound, Overtaken, WrongState
from hosts.providers.power import Powers
from hosts.providers.types import Vm, VmState
from tests.providers.contract import NOBODY
from tests.providers.pair import TAG, Pair, until

VM_FENCE = "05-1767225600"


def powers(pair: Pair, call: int = 1) -> Powers:
    """The VM's host, claimed for an order of a person; the later the order, the higher its number."""
    assert isinstance(pair.source, Powers)
    pair.source.claim(Claim(VM_FENCE, fence=call))
    return pair.source


def verbs(host: Powers) -> list[Callable[[str], Vm]]:
    return [host.start_vm, host.shut_down, host.save_vm, host.turn_off]


class PowerContract:
    """Each test gets a fresh `pair`, as in ProviderContract; the guest shuts down when it is told to."""

    @pytest.fixture
    def pair(self) -> Pair:
        raise NotImplementedError

    def test_a_vm_is_saved_restored_shut_down_and_started_and_each_twice_is_once(self, pair: Pair) -> None:
        host = powers(pair)

        saved = [host.save_vm(pair.uid).state for _ in range(2)]
        restored = [host.start_vm(pair.uid).state for _ in range(2)]
        host.shut_down(pair.uid)
        until(pair.vm, lambda vm: vm.state is VmState.OFF)
        off = host.shut_down(pair.uid).state

        assert (saved, restored, off) == ([VmState.SAVED] * 2, [VmState.RUNNING] * 2, VmState.OFF)
        assert host.start_vm(pair.uid).state is VmState.RUNNING

    def test_a_vm_is_turned_off_at_once(self, pair: Pair) -> None:
        host = powers(pair)

        assert [host.turn_off(pair.uid).state for _ in range(2)] == [VmState.OFF] * 2

    def test_what_the_state_does_not_allow_is_refused(self, pair: Pair) -> None:
        host = powers(pair)
        host.turn_off(pair.uid)

        with pytest.raises(WrongState, match="cannot be saved: it is"):
            host.save_vm(pair.uid)
        host.start_vm(pair.uid)
        host.save_vm(pair.uid)
        for verb in (host.shut_down, host.turn_off):
            with pytest.raises(WrongState):
                verb(pair.uid)
        assert pair.vm().state is VmState.SAVED

    def test_a_vm_that_runs_and_bears_a_mark_is_left_alone(self, pair: Pair) -> None:
        before = pair.source.mark(pair.uid, TAG, hold=False)
        host = powers(pair)

        for verb in verbs(host):
            with pytest.raises(WrongState, match=f"{TAG} of a move on"):
                verb(pair.uid)

        assert (pair.vm().state, pair.vm().notes) == (VmState.RUNNING, before.notes)

    def test_a_vm_that_a_job_has_saved_or_left_off_is_not_started(self, pair: Pair) -> None:
        saved = pair.saved()
        host = powers(pair)

        for verb in verbs(host):
            with pytest.raises(WrongState, match="may run on another host"):
                verb(pair.uid)

        assert (pair.vm().state, pair.vm().notes) == (VmState.SAVED, saved.notes)

    def test_an_order_that_comes_after_a_later_one_does_nothing(self, pair: Pair) -> None:
        powers(pair, call=2).start_vm(pair.uid)
        late = powers(pair, call=1)

        for verb in verbs(late):
            with pytest.raises(Overtaken):
                verb(pair.uid)

        assert pair.vm().state is VmState.RUNNING

    def test_a_vm_that_is_not_here_is_not_found(self, pair: Pair) -> None:
        for verb in verbs(powers(pair)):
            with pytest.raises(NotFound):
                verb(NOBODY)
