"""The engine in the in-memory world: what a job leaves behind, whatever fails."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from hosts.models import VirtualMachine
from hosts.providers.errors import Refused
from hosts.providers.types import VmState
from migrations_app.jobs import JobRefused, retry_job
from migrations_app.leases import take_lease
from migrations_app.models import HostSlot, JobStep, MigrationJob
from tests.fakes.moves import BEFORE_START, Move

Status = MigrationJob.Status


def test_a_running_vm_moves_and_leaves_nothing_behind(move: Move) -> None:
    job = move.run(move.order())

    assert job.status == Status.DONE, job.failure_text
    assert job.percent == 100
    assert job.outage is not None
    move.assert_moved(job)
    assert VirtualMachine.objects.get().host.name == "HV02"
    assert not HostSlot.objects.exists()


@pytest.mark.parametrize("state", [VmState.OFF, VmState.SAVED])
def test_a_vm_that_stands_still_moves_and_stays_as_it_is(move: Move, state: VmState) -> None:
    still = Move(state) if _forget(move) else move

    job = still.run(still.order())

    assert job.status == Status.DONE, job.failure_text
    assert job.outage is None
    still.assert_moved(job)


def test_the_source_files_stay_when_the_plan_keeps_them(move: Move) -> None:
    job = move.run(move.order(keeps_source_files=True))

    assert job.status == Status.DONE
    assert move.before.disks[0].layers[0].path in move.source.files
    assert move.running_on() == ["HV02"]


@pytest.mark.parametrize("verb", ["merge", "remove_vm", "delete_files", "unmark", "clear_traces"])
def test_a_failure_after_the_start_goes_forward_by_retry(move: Move, verb: str) -> None:
    job = move.order()
    side = move.target if verb in ("merge", "unmark") else move.source
    side.fail(verb, Refused("HV", f"{verb} is refused."))

    move.run(job)
    assert (job.status, job.is_committed) == (Status.FAILED, True)
    assert move.running_on() == ["HV02"]
    assert VirtualMachine.objects.get(host__name="HV02").status == "Migration Failed"
    retry_job(job, None)
    move.run(job)

    assert job.status == Status.DONE, job.failure_text
    move.assert_moved(job)


def test_a_lost_answer_to_the_start_is_looked_up_and_the_move_goes_on(move: Move) -> None:
    job = move.order()
    move.target.fail("start", when="after")

    move.run(job)

    assert job.status == Status.DONE
    move.assert_moved(job)


def test_nobody_starts_the_source_while_the_target_may_be_running(move: Move) -> None:
    job = move.order()
    move.target.dies_after("start")

    move.run(job)

    assert job.status == Status.RUNNING
    assert move.running_on() == ["HV02"]
    move.target.is_down = False
    move.let_time_pass(job)
    move.run(job)
    assert job.status == Status.DONE
    move.assert_moved(job)


def test_a_job_whose_worker_died_is_taken_over_when_the_lease_ends(move: Move) -> None:
    job = move.order()
    take_lease(job.pk, "a worker that dies")

    assert move.run(job).status == Status.QUEUED
    MigrationJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    move.run(job)

    assert job.status == Status.DONE
    move.assert_moved(job)


@pytest.mark.parametrize(("side", "verb"), [*BEFORE_START, ("target", "merge"), ("source", "remove_vm")])
def test_a_process_that_dies_in_a_step_is_followed_by_one_that_goes_on(move: Move, side: str, verb: str) -> None:
    job = move.order()
    getattr(move, side).fail(verb, SystemExit("killed"), when="after")  # not an Exception: no guard sees it

    with pytest.raises(SystemExit):
        move.run(job)
    MigrationJob.objects.filter(pk=job.pk).update(lease_until=None)
    move.run(job)

    assert job.status == Status.DONE, job.failure_text
    move.assert_moved(job)


def test_the_same_vm_is_not_moved_twice_at_once(move: Move) -> None:
    plan = move.plan()
    move.order()

    with pytest.raises(JobRefused, match="being moved already"):
        move.order()
    assert plan.vm_name == "WEB01"
    assert MigrationJob.objects.count() == 1


def test_a_plan_of_a_vm_that_changed_is_refused_and_changes_nothing(move: Move) -> None:
    plan = move.plan()
    VirtualMachine.objects.update(state=VmState.OFF)

    with pytest.raises(JobRefused, match="has changed since"):
        move.order_plan(plan)
    assert not MigrationJob.objects.exists()


def test_a_vm_that_changed_after_the_order_is_not_moved(move: Move) -> None:
    job = move.order()
    move.source.vms.clear()

    move.run(job)

    assert job.status == Status.FAILED
    assert "not on HV01 any more" in job.failure_text


def test_events_are_numbered_without_a_gap(move: Move) -> None:
    job = move.run(move.order())

    numbers = list(job.events.values_list("number", flat=True))

    assert numbers == list(range(1, job.last_event + 1))


def test_a_second_worker_finds_the_lease_taken(move: Move) -> None:
    job = move.order()

    assert take_lease(job.pk, "one") is not None
    assert take_lease(job.pk, "two") is None


def test_a_full_host_makes_the_job_wait_and_says_why(move: Move) -> None:
    job = move.order()
    move.rows[1].max_moves_in = 0
    move.rows[1].save()

    move.run(job)

    assert job.status == Status.QUEUED
    assert job.phase == "First in the queue: HV02 takes in no moves, as its limit is 0"


def test_every_step_of_a_finished_job_is_done_or_skipped_for_a_reason(move: Move) -> None:
    job = move.run(move.order())

    skipped = job.steps.filter(status=JobStep.Status.SKIPPED)
    assert {step.status for step in job.steps.all()} == {JobStep.Status.DONE, JobStep.Status.SKIPPED}
    assert [step.number for step in skipped] == ["3.3", "3.4", "3.5", "3.6", "3.7", "3.8"]
    assert all(step.note for step in skipped)
    assert [step.number for step in job.steps.all()][:3] == ["1", "2", "3.1"]


def _forget(move: Move) -> bool:
    """The world of the fixture gives way to another one."""
    for row in move.rows:
        row.delete()
    return True
