"""The second half of the contract: registering on the target, and taking away what is not needed any more."""

from __future__ import annotations

import pytest

from hosts.providers.errors import AlreadyExists, Incompatible, Refused, WrongState
from hosts.providers.types import VmState, WorkState
from tests.providers.contract import NOBODY
from tests.providers.pair import OTHER_TAG, TAG, Pair, until


class MoveContract:
    """Each test gets a fresh `pair`, as in ProviderContract."""

    @pytest.fixture
    def pair(self) -> Pair:
        raise NotImplementedError

    def test_a_vm_arrives_saved_with_its_own_id_its_disks_and_its_networks(self, pair: Pair) -> None:
        pair.freeze_and_copy()
        order = pair.registration()

        vm = pair.target.register(order)

        assert (vm.uid, vm.state) == (pair.uid, VmState.SAVED)
        assert [[layer.path for layer in disk.layers] for disk in vm.disks] == [
            [target for _, target in disk.layers] for disk in order.disks
        ]
        assert {adapter.adapter_id: adapter.network_name for adapter in vm.adapters} == {
            adapter.adapter_id: adapter.network_name for adapter in order.adapters
        }
        assert f"{TAG} start-action=" in vm.notes
        assert (vm.start_action, vm.start_ordered_by) == ("Nothing", None)

    def test_registering_twice_registers_once_and_starts_nothing(self, pair: Pair) -> None:
        pair.freeze_and_copy()
        order = pair.registration()

        pair.target.register(order)
        pair.target.register(order)

        assert [vm.state for vm in pair.target.inspect().vms if vm.uid == pair.uid] == [VmState.SAVED]

    def test_a_vm_of_another_job_with_the_same_id_is_not_touched(self, pair: Pair) -> None:
        pair.freeze_and_copy()
        order = pair.registration()
        pair.target.register(order)
        pair.target.unmark(pair.uid, TAG)
        pair.target.mark(pair.uid, OTHER_TAG, hold=True)

        with pytest.raises(AlreadyExists):
            pair.target.register(order)
        with pytest.raises(WrongState):
            pair.target.remove_vm(pair.uid, TAG)

    def test_a_network_that_the_target_lacks_is_refused_and_leaves_nothing_registered(self, pair: Pair) -> None:
        pair.freeze_and_copy()

        with pytest.raises(Refused):
            pair.target.register(pair.registration(network="no such network"))

        assert pair.target.find_vm(pair.uid) is None

    def test_what_the_target_cannot_take_is_incompatible_for_every_reason_and_not_registered(self, pair: Pair) -> None:
        pair.freeze_and_copy()
        order = pair.registration()
        lacking = [pair.target_path(file.path) for file in pair.vm().state_files if file.path != pair.vm().config_path]
        pair.target.delete_files(lacking, TAG)

        with pytest.raises(Incompatible) as refused:
            pair.target.register(order)

        assert [path for path in lacking if path not in refused.value.message] == []
        assert len(lacking) > 1
        assert pair.target.find_vm(pair.uid) is None

    def test_a_whole_move_ends_with_one_vm_that_runs_on_the_target(self, pair: Pair) -> None:
        pair.freeze_and_copy()
        left = [layer.path for disk in pair.vm().disks for layer in disk.layers]
        pair.target.register(pair.registration())
        pair.target.start(pair.uid, TAG)
        merged = pair.merged(pair.target)
        pair.source.remove_vm(pair.uid, TAG)
        pair.source.remove_vm(pair.uid, TAG)
        assert pair.deleted(pair.source, left)
        for host in (pair.source, pair.target):
            host.clear_traces(TAG, destinations=None)
        pair.target.unmark(pair.uid, TAG)

        assert [len(disk.layers) for disk in merged.disks] == [1] * len(merged.disks)
        assert (pair.running(pair.target), pair.source.find_vm(pair.uid)) == (True, None)
        assert [path for path in left if pair.has_source(path)] == []
        assert TAG not in pair.vm(pair.target).notes

    def test_an_undone_move_ends_with_the_vm_running_on_the_source_and_nothing_on_the_target(self, pair: Pair) -> None:
        before = pair.vm()
        pair.freeze_and_copy()
        order = pair.registration()
        pair.target.register(order)

        pair.target.remove_vm(pair.uid, TAG)
        pair.target.clear_traces(TAG, destinations=[])
        pair.source.start(pair.uid, TAG)
        after = pair.merged(pair.source)
        pair.source.unmark(pair.uid, TAG)

        assert pair.target.find_vm(pair.uid) is None
        assert [path for disk in order.disks for _, path in disk.layers if pair.has_target(path)] == []
        assert [layer.path for layer in after.disks[0].layers] == [layer.path for layer in before.disks[0].layers]
        assert pair.running(pair.source)
        assert pair.vm().start_action == before.start_action

    def test_a_running_vm_or_one_without_the_tag_is_not_removed_and_a_gone_one_is_nothing(self, pair: Pair) -> None:
        with pytest.raises(WrongState):
            pair.source.remove_vm(pair.uid, TAG)
        pair.source.mark(pair.uid, TAG, hold=False)
        with pytest.raises(WrongState):
            pair.source.remove_vm(pair.uid, TAG)

        pair.source.remove_vm(NOBODY, TAG)
        assert pair.running(pair.source)

    def test_a_file_that_a_registered_vm_uses_is_not_deleted(self, pair: Pair) -> None:
        path = pair.vm().disks[0].layers[0].path

        with pytest.raises(WrongState):
            pair.source.delete_files([path], TAG)

        assert pair.has_source(path)

    def test_deleted_files_are_gone_and_deleting_them_again_is_nothing(self, pair: Pair) -> None:
        path = pair.saved().state_files[0].path
        pair.pull(path)

        assert pair.target.delete_files([pair.target_path(path)], TAG) == ()
        assert pair.target.delete_files([pair.target_path(path)], TAG) == ()
        assert not pair.has_target(pair.target_path(path))

    def test_clearing_traces_ends_works_and_leaves_neither_files_nor_records(self, pair: Pair) -> None:
        vm = pair.source.checkpoint(pair.uid, f"{TAG}-1")
        base = vm.disks[0].layers[0].path
        pair.copy(base, limit_bytes_per_s=200_000)
        state = pair.target_path(pair.vm().state_files[0].path)
        pair.write_target(state + ".mine", b"somebody else's")

        pair.target.clear_traces(TAG, destinations=[])
        pair.target.clear_traces(TAG, destinations=[])

        assert pair.target.works(TAG) == ()
        assert not pair.has_target(pair.target_path(base))
        assert not pair.has_target(f"{pair.target_path(base)}.{TAG}")
        assert pair.has_target(state + ".mine")

    def test_a_file_that_came_meanwhile_fails_the_copy_and_is_not_cleared_away(self, pair: Pair) -> None:
        path = pair.source.checkpoint(pair.uid, f"{TAG}-1").disks[0].layers[0].path
        destination = pair.target_path(path)
        pair.copy(path, limit_bytes_per_s=1_000_000)
        until(lambda: pair.work(pair.target, "disk-0-0"), lambda work: work.bytes_done > 0)
        pair.write_target(destination, b"somebody else's")

        failed = pair.ended(pair.target, "disk-0-0")
        with pytest.raises(AlreadyExists):
            pair.copy(path)
        pair.target.clear_traces(TAG, destinations=[destination])

        assert (failed.state, failed.error_kind) == (WorkState.FAILED, "AlreadyExists")
        assert (pair.has_target(destination), pair.has_target(f"{destination}.{TAG}")) == (True, False)

    def test_an_unfinished_file_of_which_no_record_tells_is_cleared_by_its_destination(self, pair: Pair) -> None:
        destination = pair.target_path(pair.vm().state_files[0].path)
        pair.write_target(destination, b"somebody else's")
        pair.write_target(f"{destination}.{TAG}", b"half a file")

        pair.target.clear_traces(TAG, destinations=[destination])

        assert (pair.has_target(destination), pair.has_target(f"{destination}.{TAG}")) == (True, False)

    def test_clearing_traces_can_keep_the_files(self, pair: Pair) -> None:
        path = pair.saved().state_files[0].path
        assert pair.pull(path).state is WorkState.DONE

        pair.target.clear_traces(TAG, destinations=None)

        assert pair.target.works(TAG) == ()
        assert pair.has_target(pair.target_path(path))
