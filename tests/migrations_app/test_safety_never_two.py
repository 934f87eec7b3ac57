"""Safety: one VM never runs on two hosts, and never runs on without what it wrote on the other one."""

from __future__ import annotations

import pytest

from hosts.providers.errors import HostUnreachable
from hosts.providers.types import VmState
from migrations_app.models import MigrationJob
from tests.fakes.moves import Move

Status = MigrationJob.Status
Direction = MigrationJob.Direction


def test_a_start_that_takes_effect_after_it_was_looked_up_never_makes_two(move: Move) -> None:
    job, uid = move.order(), move.before.uid
    move.target.fail("start", HostUnreachable("HV02", "The connection dropped."))
    move.target.on_call["remove_vm"] = lambda: move.target.change(uid, state=VmState.RUNNING)

    move.run(job)
    assert (job.status, job.direction) == (Status.RUNNING, Direction.UNDO)
    assert job.phase.startswith("Undoing waits for HV02")
    move.go_on(job)

    assert "start" not in move.source.calls
    assert (job.status, job.failure_text) == (Status.DONE, "")
    assert "The move cannot be undone any more and goes on." in " ".join(move.said(job))
    move.assert_moved(job)


def test_a_target_seen_starting_is_asked_again_and_the_move_goes_forward_when_it_runs(move: Move) -> None:
    job, uid = move.order(), move.before.uid
    _seen_starting(move, job)

    move.run(job)
    assert job.phase == "Undoing waits for HV02: WEB01 is starting on HV02."
    assert "start" not in move.source.calls
    move.target.change(uid, state=VmState.RUNNING)
    move.go_on(job)

    assert (job.status, job.vm_now) == (Status.DONE, "WEB01 runs on HV02.")
    assert "start" not in move.source.calls
    move.assert_moved(job)


def test_a_target_seen_starting_is_undone_when_its_start_has_failed(move: Move) -> None:
    job, uid = move.order(), move.before.uid
    _seen_starting(move, job)

    move.run(job)
    assert (job.status, move.running_on()) == (Status.RUNNING, [])
    move.target.change(uid, state=VmState.SAVED, start_ordered_by=None)
    move.go_on(job)

    assert (job.status, job.is_committed) == (Status.FAILED, False)
    assert (job.failure_text, job.vm_now) == ("HV02: The connection dropped.", "WEB01 is running on HV01.")
    move.assert_untouched(job)


@pytest.mark.parametrize("state", [VmState.OFF, VmState.SAVED])
def test_a_target_that_ran_and_lost_power_is_started_again_and_keeps_what_it_wrote(move: Move, state: VmState) -> None:
    job, uid = move.order(), move.before.uid
    move.target.dies_after("start")
    move.run(job)
    assert (job.status, job.direction) == (Status.RUNNING, Direction.UNDO)
    written = move.target.vms[uid].disks[0].layers[-1].path
    move.target.files[written] += b" and on HV02"

    move.target.change(uid, state=state)
    move.target.is_down = False
    move.go_on(job)

    assert any(data.endswith(b" and on HV02") for data in move.target.files.values())
    assert "start" not in move.source.calls
    assert f"WEB01 was started on HV02, and is {state.value} there." in " ".join(move.said(job))
    assert (job.status, job.vm_now) == (Status.DONE, "WEB01 runs on HV02.")
    move.assert_moved(job)


def _seen_starting(move: Move, job: MigrationJob) -> None:
    """The connection drops while the target begins to start the VM."""
    uid = move.before.uid
    order = {"state": VmState.STARTING, "start_ordered_by": job.tag}
    move.target.on_call["start"] = lambda: move.target.change(uid, **order)
    move.target.fail("start")
