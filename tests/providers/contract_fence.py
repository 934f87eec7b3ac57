"""The fourth part of the contract: what a job's hosts make of calls that come too late."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hosts.providers.claims import Claim
from hosts.providers.errors import Overtaken
from hosts.providers.types import HashOrder, Vm, VmState
from tests.providers.contract import NOBODY
from tests.providers.pair import TAG, Pair

JOB = "71-1767225600"


def overtaken(pair: Pair) -> None:
    """Another worker has been at both hosts: what is called from now on comes from the one before."""
    for host in (pair.source, pair.target):
        host.claim(Claim(JOB, fence=9))
        host.unmark(NOBODY, TAG)
        host.claim(Claim(JOB, fence=8))


def looks(vm: Vm | None) -> object:
    """What a change would change."""
    if vm is None:
        return None
    return vm.state, vm.notes, vm.start_action, vm.checkpoints, [len(disk.layers) for disk in vm.disks]


class FenceContract:
    """Each test gets a fresh `pair`, as in ProviderContract, which has claimed JOB with the fence 1."""

    @pytest.fixture
    def pair(self) -> Pair:
        raise NotImplementedError

    def test_an_overtaken_worker_changes_nothing_of_a_vm_that_runs(self, pair: Pair) -> None:
        pair.source.mark(pair.uid, TAG, hold=False)
        before = pair.source.checkpoint(pair.uid, f"{TAG}-1")
        path = before.disks[0].layers[0].path
        overtaken(pair)

        self._assert_refused(
            lambda: pair.source.mark(pair.uid, TAG, hold=True),
            lambda: pair.source.unmark(pair.uid, TAG),
            lambda: pair.source.checkpoint(pair.uid, f"{TAG}-2"),
            lambda: pair.source.save(pair.uid, TAG),
            lambda: pair.source.merge_checkpoints(pair.uid, TAG),
            lambda: pair.source.start_works(TAG, [HashOrder("hash-disk-0-0", path)]),
        )

        assert looks(pair.vm()) == looks(before)
        assert pair.source.works(TAG) == ()

    def test_an_overtaken_worker_changes_nothing_of_a_vm_that_stands_still(self, pair: Pair) -> None:
        pair.freeze_and_copy()
        order, before, works = pair.registration(), pair.vm(), pair.target.works(TAG)
        paths = [path for disk in order.disks for _, path in disk.layers]
        overtaken(pair)

        self._assert_refused(
            lambda: pair.source.start(pair.uid, TAG),
            lambda: pair.source.remove_vm(pair.uid, TAG),
            lambda: pair.target.register(order),
            lambda: pair.target.delete_files(paths, TAG),
            lambda: pair.target.clear_traces(TAG, destinations=paths),
        )

        assert (looks(pair.vm()), pair.target.find_vm(pair.uid)) == (looks(before), None)
        assert [path for path in paths if not pair.has_target(path)] == []
        assert pair.target.works(TAG) == works

    def _assert_refused(self, *changes: Callable[[], object]) -> None:
        for change in changes:
            with pytest.raises(Overtaken):
                change()

    def test_a_call_is_let_in_once(self, pair: Pair) -> None:
        pair.source.mark(pair.uid, TAG, hold=False)

        pair.source.claim(Claim(JOB, fence=1))
        with pytest.raises(Overtaken):
            pair.source.save(pair.uid, TAG)

        assert pair.vm().state is VmState.RUNNING

    def test_a_later_worker_goes_on_where_the_one_before_was(self, pair: Pair) -> None:
        for fence in (1, 2, 40):
            pair.source.claim(Claim(JOB, fence))
            marked = pair.source.mark(pair.uid, TAG, hold=True)

        assert marked.notes.count(TAG) == 1

    def test_a_job_of_the_same_number_that_another_ferry_had_is_another_job(self, pair: Pair) -> None:
        overtaken(pair)

        pair.source.claim(Claim("71-1798761600", fence=1))

        assert TAG in pair.source.mark(pair.uid, TAG, hold=False).notes
