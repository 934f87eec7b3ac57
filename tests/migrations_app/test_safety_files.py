"""Safety: no byte of a VM is deleted while it is the only one, or while somebody needs it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hosts.inventory import refresh_host
from hosts.providers.errors import Refused
from hosts.providers.types import VmState
from migrations_app.engine.steps.hand_over import RemoveFromSource
from migrations_app.jobs import JobRefused
from migrations_app.models import MigrationJob
from tests.fakes.moves import Move
from tests.fakes.vms import running_vm

Status = MigrationJob.Status


@pytest.mark.parametrize("state", [VmState.RUNNING, VmState.SAVED, VmState.OFF])
def test_a_source_that_was_written_after_it_was_copied_is_kept(move: Move, state: VmState) -> None:
    move = move.anew(state)
    job = move.order()
    move.target.on_call["register"] = lambda: _write_by_hand(move)

    move.run(job)

    assert any(data.endswith(b" by hand") for data in move.source.files.values())
    assert (job.status, job.is_committed) == (Status.FAILED, False)
    assert job.failure_text.endswith("was written on HV01 after it was copied.")
    assert job.failure_action
    move.assert_untouched(job)


def test_a_retry_deletes_nothing_of_the_source_when_the_target_is_gone(move: Move) -> None:
    job, files = move.order(), dict(move.source.files)
    move.source.fail("remove_vm", Refused("HV01", "It is refused."))
    move.run(job)
    assert (job.status, job.is_committed) == (Status.FAILED, True)

    move.target.vms.clear()
    move.target.files.clear()
    move.retry(job)

    assert files.items() <= move.source.files.items()
    assert move.source.vms[move.before.uid].state is VmState.SAVED
    assert (job.status, job.failure_text) == (Status.FAILED, "WEB01 is not on HV02 as this job registered it.")
    assert "Nothing was removed from HV01." in job.failure_action


def test_a_layer_that_another_vm_uses_is_refused_before_the_move(move: Move) -> None:
    _share_the_disk_with_web02(move)

    with pytest.raises(JobRefused, match=r"WEB01\.vhdx of WEB01 is also a layer of WEB02\."):
        move.order()
    assert not MigrationJob.objects.exists()


def test_a_layer_that_another_vm_began_to_use_after_the_order_stops_the_move(move: Move) -> None:
    job = move.order()
    _share_the_disk_with_web02(move)

    move.run(job)

    assert move.before.disks[0].layers[0].path in move.source.files
    assert job.status == Status.FAILED
    assert job.failure_text.endswith("WEB01.vhdx of WEB01 is also a layer of WEB02.")
    move.assert_untouched(job)


def test_a_source_file_that_is_in_use_for_a_moment_is_deleted_after_it(move: Move) -> None:
    job = move.order()
    move.source.holds[move.before.disks[0].layers[0].path] = 3

    move.run(job)

    assert (job.status, job.vm_now) == (Status.DONE, "WEB01 runs on HV02.")
    assert move.source.calls.count("delete_files") == 4
    assert move.source.files == {}
    move.assert_moved(job)


def test_a_source_file_that_stays_in_use_ends_the_step_with_a_word(move: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    job, path = move.order(), move.before.disks[0].layers[0].path
    monkeypatch.setattr(RemoveFromSource, "delete_within_s", 0.0)
    move.source.holds[path] = 10**6

    move.run(job)
    assert (job.status, job.is_committed, move.running_on()) == (Status.FAILED, True, ["HV02"])
    assert job.failure_text == f"{path} on HV01 is in use and could not be deleted."
    assert "then retry" in job.failure_action
    move.source.holds.clear()
    move.retry(job)

    assert (job.status, move.source.files) == (Status.DONE, {})
    move.assert_moved(job)


def _write_by_hand(move: Move) -> None:
    """Somebody runs the VM on its source for a moment, after it was copied."""
    move.source.files[move.source.vms[move.before.uid].disks[0].layers[-1].path] += b" and by hand"


def _share_the_disk_with_web02(move: Move) -> None:
    """WEB02 on the same host: its disk is based on that of WEB01."""
    other = running_vm(move.source, name="WEB02")
    shared = replace(other.disks[0], layers=(move.before.disks[0].layers[0], *other.disks[0].layers))
    move.source.change(other.uid, disks=(shared,))
    refresh_host(move.rows[0])
