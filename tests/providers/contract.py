"""What every provider that moves VMs must do. A provider's own test module inherits it and supplies `pair`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hosts import paths
from hosts.providers.browsing import BrowsesFolders
from hosts.providers.errors import AlreadyExists, NotFound
from hosts.providers.types import CopyOrder, HashOrder, RemoteFile, Secret, VmState, WorkState
from tests.providers.pair import OTHER_TAG, TAG, Pair, until

NOBODY = "00000000-0000-4000-8000-000000000000"


class ProviderContract:
    """Each test gets a fresh `pair`: a VM runs on the source and the target does not know it."""

    @pytest.fixture
    def pair(self) -> Pair:
        raise NotImplementedError

    def test_a_host_shows_its_volumes_networks_and_vms(self, pair: Pair) -> None:
        facts = pair.source.inspect()

        assert pair.uid in [vm.uid for vm in facts.vms]
        assert pair.network in [network.name for network in facts.networks]
        assert all(0 <= volume.free_bytes <= volume.size_bytes for volume in facts.volumes)
        assert 0 < facts.memory_available_mb <= facts.memory_mb
        assert facts.cpu_vendor
        assert facts.cpu_count > 0

    def test_a_folder_shows_the_folders_in_it_and_one_that_is_not_there_is_not_found(self, pair: Pair) -> None:
        source = pair.source
        if not isinstance(source, BrowsesFolders):
            pytest.skip("It cannot be browsed.")
        folder = paths.parent(paths.parent(pair.vm().disks[0].layers[0].path))

        names = source.folders(paths.parent(folder))

        assert paths.name(folder) in names
        with pytest.raises(NotFound):
            source.folders(paths.join(folder, "not here"))

    def test_a_running_vm_shows_its_disks_from_the_base_up_and_its_adapters(self, pair: Pair) -> None:
        vm = pair.vm()

        assert vm.state is VmState.RUNNING
        for disk in vm.disks:
            paths = [layer.path for layer in disk.layers]
            assert [layer.parent_path for layer in disk.layers] == [None, *paths[:-1]]
            assert all(layer.file_size_bytes > 0 for layer in disk.layers)
        assert pair.network in [adapter.network_name for adapter in vm.adapters]
        assert len({adapter.adapter_id for adapter in vm.adapters}) == len(vm.adapters)

    def test_a_sample_has_the_load_of_the_host_and_of_the_vm(self, pair: Pair) -> None:
        load = pair.source.sample()

        assert 0 <= load.cpu_percent <= 100
        assert 0 <= load.network_percent <= 100
        assert load.memory_available_mb > 0
        assert pair.uid in [vm.uid for vm in load.vms]

    def test_a_vm_that_is_not_there_is_none_and_changing_it_is_not_found(self, pair: Pair) -> None:
        assert pair.target.find_vm(pair.uid) is None
        for change in (pair.target.save, pair.target.start, lambda uid, tag: pair.target.mark(uid, tag, hold=True)):
            with pytest.raises(NotFound):
                change(pair.uid, TAG)

    def test_marking_twice_is_marking_once_and_unmarking_gives_everything_back(self, pair: Pair) -> None:
        before = pair.vm()

        pair.source.mark(pair.uid, TAG, hold=True)
        marked = pair.source.mark(pair.uid, TAG, hold=True)
        pair.source.unmark(pair.uid, TAG)
        pair.source.unmark(pair.uid, TAG)

        assert marked.notes.count(TAG) == 1
        assert marked.start_action != before.start_action
        assert (pair.vm().notes, pair.vm().start_action) == (before.notes, before.start_action)
        pair.source.unmark(NOBODY, TAG)

    def test_a_vm_that_bears_another_tag_cannot_be_marked_and_keeps_it(self, pair: Pair) -> None:
        pair.source.mark(pair.uid, OTHER_TAG, hold=True)

        with pytest.raises(AlreadyExists):
            pair.source.mark(pair.uid, TAG, hold=True)

        pair.source.unmark(pair.uid, TAG)
        assert OTHER_TAG in pair.vm().notes

    def test_a_checkpoint_is_made_once_and_freezes_what_was_written(self, pair: Pair) -> None:
        pair.source.checkpoint(pair.uid, f"{TAG}-1")
        vm = pair.source.checkpoint(pair.uid, f"{TAG}-1")
        frozen = vm.disks[0].layers[-2]
        written = vm.disks[0].layers[-1].file_size_bytes

        first = pair.digest(pair.source, frozen.path, "hash-a")
        until(pair.vm, lambda now: now.disks[0].layers[-1].file_size_bytes > written)

        assert pair.digest(pair.source, frozen.path, "hash-b") == first
        assert [checkpoint.name for checkpoint in vm.checkpoints] == [f"{TAG}-1"]
        assert vm.state is VmState.RUNNING

    def test_a_copy_arrives_whole_and_its_digest_is_that_of_the_source(self, pair: Pair) -> None:
        path = pair.source.checkpoint(pair.uid, f"{TAG}-1").disks[0].layers[0].path

        pair.copy(path)
        done = pair.ended(pair.target, "disk-0-0")

        assert (done.state, done.error) == (WorkState.DONE, None)
        assert done.bytes_done == done.bytes_total > 0
        assert done.digest == pair.digest(pair.source, path) == pair.digest(pair.target, pair.target_path(path))
        assert pair.copy(path) == done

    def test_a_stopped_copy_goes_on_where_it_stopped(self, pair: Pair) -> None:
        path = pair.source.checkpoint(pair.uid, f"{TAG}-1").disks[0].layers[0].path
        pair.copy(path, limit_bytes_per_s=500_000)
        until(lambda: pair.work(pair.target, "disk-0-0"), lambda work: work.bytes_done > 0)

        pair.kill_works()
        stopped = pair.ended(pair.target, "disk-0-0")  # a process that is killed takes a moment to be gone
        pair.copy(path)

        assert stopped.state is WorkState.LOST
        assert not pair.has_target(pair.target_path(path)) or stopped.bytes_done < stopped.bytes_total
        assert pair.ended(pair.target, "disk-0-0").digest == pair.digest(pair.source, path)

    def test_a_limit_is_changed_while_a_copy_runs(self, pair: Pair) -> None:
        path = pair.source.checkpoint(pair.uid, f"{TAG}-1").disks[0].layers[0].path
        pair.copy(path, limit_bytes_per_s=10_000)
        until(lambda: pair.work(pair.target, "disk-0-0"), lambda work: work.bytes_sent > 0)

        assert pair.target.start_works(TAG, [], limit_bytes_per_s=0) == ()

        done = pair.ended(pair.target, "disk-0-0")
        assert done.state is WorkState.DONE
        assert 0 < done.bytes_sent <= done.bytes_total

    def test_works_are_listed_in_the_order_they_were_begun(self, pair: Pair) -> None:
        files = pair.saved().state_files

        for number, file in enumerate(files):
            pair.copy(file.path, f"state-{9 - number}")

        assert [work.work_id for work in pair.target.works(TAG)] == [f"state-{9 - n}" for n in range(len(files))]
        assert pair.target.works(OTHER_TAG) == ()

    def test_one_call_begins_many_works_and_finds_those_that_are_done(self, pair: Pair) -> None:
        files = [file.path for file in pair.saved().state_files]
        orders = [pair.order(path, f"state-{9 - number}") for number, path in enumerate(files)]
        pair.copy(files[0], "state-9")
        first = pair.ended(pair.target, "state-9")

        works = pair.target.start_works(TAG, [*orders, HashOrder("hash-9", orders[0].destination)])
        ended = [pair.ended(pair.target, work.work_id) for work in works]

        assert [work.work_id for work in works] == [*(order.work_id for order in orders), "hash-9"]
        assert [work.state for work in ended] == [WorkState.DONE] * len(works)
        assert works[0] == first
        assert ended[-1].digest == first.digest

    def test_a_file_that_is_not_of_this_job_is_never_written_over_and_nothing_is_begun(self, pair: Pair) -> None:
        disks = pair.source.checkpoint(pair.uid, f"{TAG}-1").disks
        free, path = (disk.layers[0].path for disk in disks[:2])
        pair.write_target(pair.target_path(path), b"somebody else's")

        with pytest.raises(AlreadyExists):
            pair.target.start_works(TAG, [pair.order(free, "disk-0-0"), pair.order(path, "disk-1-0")])

        assert pair.target.works(TAG) == ()
        pair.target.clear_traces(TAG, destinations=[pair.target_path(path)])
        assert pair.has_target(pair.target_path(path))

    def test_a_copy_of_a_file_that_is_not_there_fails_as_not_found(self, pair: Pair) -> None:
        share = pair.source.share(f"{pair.vm().state_files[0].path}_")

        assert self._failed(pair, share) == "NotFound"

    def test_a_copy_with_a_wrong_password_fails_as_access_denied_and_does_not_tell_it(self, pair: Pair) -> None:
        share = pair.source.share(pair.vm().state_files[0].path)

        assert self._failed(pair, replace(share, password=Secret("not-the-one"))) == "AccessDenied"
        assert "not-the-one" not in (pair.work(pair.target, "state-1").error or "")

    def _failed(self, pair: Pair, source: RemoteFile) -> str | None:
        """The kind with which a copy of this file fails."""
        destination = pair.target_path(pair.vm().state_files[0].path)
        pair.target.start_works(TAG, [CopyOrder("state-1", source, destination)])
        failed = pair.ended(pair.target, "state-1")
        assert failed.state is WorkState.FAILED
        assert failed.error
        return failed.error_kind
