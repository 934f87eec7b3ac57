"""The third part of the contract: a VM bears its job's tag, is held, and remembers that its start was ordered."""

from __future__ import annotations

import pytest

from hosts.providers.errors import ProviderError, WrongState
from hosts.providers.types import Vm, VmState
from tests.providers.pair import OTHER_TAG, TAG, Pair, until


def stamps(vm: Vm) -> dict[str, str]:
    """Of every file of the VM, by path."""
    layers = {layer.path: layer.stamp for disk in vm.disks for layer in disk.layers}
    return layers | {file.path: file.stamp for file in vm.state_files}


class MarkContract:
    """Each test gets a fresh `pair`, as in ProviderContract. The VM's host starts it by itself."""

    @pytest.fixture
    def pair(self) -> Pair:
        raise NotImplementedError

    def test_a_mark_leaves_the_start_action_until_it_is_to_hold(self, pair: Pair) -> None:
        before = pair.vm()

        marked = pair.source.mark(pair.uid, TAG, hold=False)
        held = pair.source.mark(pair.uid, TAG, hold=True)
        pair.source.unmark(pair.uid, TAG)

        assert before.start_action != "Nothing"
        assert (marked.start_action, held.start_action) == (before.start_action, "Nothing")
        assert f"{TAG} start-action={before.start_action}" in marked.notes == held.notes
        assert (pair.vm().notes, pair.vm().start_action) == (before.notes, before.start_action)

    def test_a_save_holds_the_vm_and_a_start_gives_the_start_action_back(self, pair: Pair) -> None:
        before = pair.source.mark(pair.uid, TAG, hold=False)

        saved, again = pair.source.save(pair.uid, TAG), pair.source.save(pair.uid, TAG)
        started, running = pair.source.start(pair.uid, TAG), pair.source.start(pair.uid, TAG)

        assert [vm.state for vm in (saved, again, started, running)] == [VmState.SAVED] * 2 + [VmState.RUNNING] * 2
        assert (saved.start_action, again.start_action) == ("Nothing", "Nothing")
        assert started.start_action == running.start_action == before.start_action
        assert sum(file.size_bytes for file in saved.state_files) > 0

    def test_a_running_vm_is_not_started_but_its_start_action_comes_back(self, pair: Pair) -> None:
        before = pair.vm()
        pair.source.mark(pair.uid, TAG, hold=True)

        vm = pair.source.start(pair.uid, TAG)

        assert (vm.state, vm.start_action) == (VmState.RUNNING, before.start_action)
        assert vm.uptime_s >= before.uptime_s

    def test_a_vm_without_the_tag_is_neither_saved_nor_started(self, pair: Pair) -> None:
        pair.source.mark(pair.uid, OTHER_TAG, hold=False)
        before = pair.vm()

        for change in (pair.source.save, pair.source.start):
            with pytest.raises(WrongState):
                change(pair.uid, TAG)

        after = pair.vm()
        assert (after.state, after.notes) == (VmState.RUNNING, before.notes)
        assert after.start_action == before.start_action

    def test_an_ordered_start_is_noted_until_the_tag_is_taken_away(self, pair: Pair) -> None:
        before = pair.vm()
        saved = pair.saved()

        started = pair.source.start(pair.uid, TAG)
        again = pair.source.mark(pair.uid, TAG, hold=False)
        pair.source.unmark(pair.uid, TAG)

        assert (saved.start_ordered_by, started.start_ordered_by, again.start_ordered_by) == (None, TAG, TAG)
        assert f"{TAG} start-ordered" in started.notes == again.notes
        assert (pair.vm().start_ordered_by, pair.vm().notes) == (None, before.notes)

    def test_a_start_that_fails_leaves_no_order(self, pair: Pair) -> None:
        pair.freeze_and_copy()
        order = pair.registration()
        registered = pair.target.register(order)
        self._spoil_state(pair)

        with pytest.raises(ProviderError):
            pair.target.start(pair.uid, TAG)

        after = pair.vm(pair.target)
        assert (after.state, after.start_ordered_by, after.start_action) == (VmState.SAVED, None, "Nothing")
        assert after.notes == registered.notes

    def test_a_start_that_fails_after_one_that_did_not_keeps_the_order(self, pair: Pair) -> None:
        pair.freeze_and_copy()
        pair.target.register(pair.registration())
        pair.target.start(pair.uid, TAG)
        pair.target.save(pair.uid, TAG)
        self._spoil_state(pair)

        with pytest.raises(ProviderError):
            pair.target.start(pair.uid, TAG)

        assert pair.vm(pair.target).start_ordered_by == TAG

    def _spoil_state(self, pair: Pair) -> None:
        """The saved state on the target cannot be read any more."""
        vm = pair.vm(pair.target)
        paths = [file.path for file in vm.state_files if "Snapshots" not in file.path and file.path != vm.config_path]
        for path in paths:
            pair.write_target(path, b"not a saved state")

    def test_an_order_that_the_source_got_does_not_travel_to_the_target(self, pair: Pair) -> None:
        pair.saved()
        pair.source.start(pair.uid, TAG)
        pair.freeze_and_copy()

        registered = pair.target.register(pair.registration())

        assert pair.vm().start_ordered_by == TAG
        assert (registered.start_ordered_by, registered.start_action) == (None, "Nothing")

    def test_stamps_stay_while_nothing_is_written_and_change_when_it_is(self, pair: Pair) -> None:
        saved = pair.saved()
        looked = pair.source.save(pair.uid, TAG)
        pair.source.start(pair.uid, TAG)
        until(pair.vm, lambda vm: vm.disks[0].layers[-1].stamp != saved.disks[0].layers[-1].stamp)
        later = pair.source.save(pair.uid, TAG)

        assert stamps(looked) == stamps(saved)
        assert "" not in stamps(saved).values()
        assert later.disks[0].layers[-1].stamp != saved.disks[0].layers[-1].stamp
        assert {file.stamp for file in saved.state_files}.isdisjoint(file.stamp for file in later.state_files)
