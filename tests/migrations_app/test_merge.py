"""The checkpoints of a job are merged one after the other, and the step ends when the last one is gone."""

from __future__ import annotations

from dataclasses import replace

from hosts.providers.types import Checkpoint, Endpoint, Secret, Transport, Vm
from migrations_app.engine.steps.checkpoints import MergeOnTarget
from tests.fakes.contexts import TAG, Waits, context
from tests.fakes.moves import Move
from tests.fakes.vms import running_vm
from tests.fakes.world import FakeProvider


class OneAtATime(FakeProvider):
    """Takes away one checkpoint a call and shows no merge in between, as Hyper-V may for a moment."""

    def merge_checkpoints(self, uid: str, tag: str) -> Vm:
        vm = self._vm(uid)
        ours = [point for point in vm.checkpoints if point.name.startswith(f"{tag}-")]
        self._put(replace(vm, checkpoints=tuple(point for point in vm.checkpoints if point not in ours[:1])))
        return self._vm(uid)


def test_merging_goes_on_until_no_checkpoint_of_the_job_is_left_and_spares_the_others(move: Move) -> None:
    names = (f"{TAG}-1", "ferry-77-1", f"{TAG}-2", "by hand")
    vm = replace(running_vm(move.target), checkpoints=tuple(Checkpoint(name, name, None) for name in names))
    move.target.vms[vm.uid] = vm
    target = OneAtATime(Endpoint("HV02", "HV02", 5985, Transport.NTLM_HTTP, "user", Secret("password")))
    waits = Waits()

    MergeOnTarget().run(replace(context(move, waits), target=target))

    assert [point.name for point in move.target.vms[vm.uid].checkpoints] == ["ferry-77-1", "by hand"]
    assert waits.count == 1
