"""Safety: whatever happens, the VM runs again on one of its hosts, unless somebody shut it down on purpose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hosts.providers.errors import NotEnoughMemory, Refused
from hosts.providers.types import VmState
from migrations_app import journal
from migrations_app.models import MigrationJob
from tests.fakes.moves import Move

Status = MigrationJob.Status
Direction = MigrationJob.Direction
NO_ROOM = NotEnoughMemory("HV01", "HV01 has not enough memory.")


@pytest.fixture
def stopping() -> Iterator[None]:
    """A test may tell this process to end; the next test goes on."""
    yield
    journal.stop_event.clear()


def test_a_source_that_lost_power_during_the_copy_runs_again(move: Move) -> None:
    job = move.order()
    move.target.on_call["works"] = lambda: move.source.reboot(move.before.uid)
    move.target.fail("works", Refused("HV02", "The source cannot be read."), when="after")

    move.run(job)

    assert (job.status, job.failure_text) == (Status.FAILED, "HV02: The source cannot be read.")
    assert job.vm_now == "WEB01 is running on HV01."
    assert move.source.vms[move.before.uid].start_action == "StartIfRunning"
    move.assert_untouched(job)


@pytest.mark.usefixtures("stopping")
def test_a_process_that_ends_in_the_outage_brings_the_vm_up_first(move: Move) -> None:
    job = move.order()
    move.target.on_call["register"] = journal.stop_event.set

    move.run(job)

    assert move.running_on() == ["HV02"]
    assert (job.status, job.is_in_outage, job.owner) == (Status.RUNNING, False, "")
    journal.stop_event.clear()
    move.run(job)
    assert (job.status, job.vm_now) == (Status.DONE, "WEB01 runs on HV02.")
    move.assert_moved(job)


@pytest.mark.usefixtures("stopping")
def test_a_process_that_ends_before_the_outage_gives_the_job_back_at_once(move: Move) -> None:
    job = move.order()
    move.source.on_call["checkpoint"] = journal.stop_event.set

    move.run(job)

    assert move.running_on() == ["HV01"]
    assert (job.status, job.lease_until, job.outage_began_at) == (Status.RUNNING, None, None)
    journal.stop_event.clear()
    move.run(job)
    assert job.status == Status.DONE, job.failure_text
    move.assert_moved(job)


def test_a_source_without_memory_is_asked_to_resume_the_vm_until_it_can(move: Move) -> None:
    job = _with_a_deadline_that_is_over(move.order())
    move.source.fail("start", NO_ROOM, times=2)

    move.run(job)
    assert (move.running_on(), job.is_in_outage) == ([], True)
    assert job.phase == "Undoing waits for HV01: HV01 has not enough memory."
    move.go_on(job)

    assert (job.status, job.vm_now) == (Status.FAILED, "WEB01 is running on HV01.")
    assert job.is_in_outage is False
    move.assert_untouched(job)


def test_the_page_does_not_say_that_a_vm_is_resumed_before_it_is(move: Move) -> None:
    job = _with_a_deadline_that_is_over(move.order())
    move.source.fail("start", NO_ROOM, times=5)

    move.run(job)

    assert move.running_on() == []
    assert (job.status, job.direction, job.vm_now) == (Status.RUNNING, Direction.UNDO, "")
    assert "deadline" in job.failure_text
    assert "resumed" not in job.failure_text


def test_a_vm_that_was_shut_down_on_purpose_is_not_started(move: Move) -> None:
    job, uid = move.order(), move.before.uid
    move.source.on_call["save"] = lambda: move.source.change(uid, state=VmState.OFF)

    move.run(job)

    assert move.source.vms[uid].state is VmState.OFF
    assert "start" not in move.source.calls + move.target.calls
    assert (job.status, job.failure_text) == (Status.FAILED, "WEB01 is off on HV01, not saved.")
    assert (job.vm_now, move.target.files) == ("WEB01 is stopped on HV01.", {})


def _with_a_deadline_that_is_over(job: MigrationJob) -> MigrationJob:
    MigrationJob.objects.filter(pk=job.pk).update(plan={**job.plan, "deadline_s": -1.0})
    return job
