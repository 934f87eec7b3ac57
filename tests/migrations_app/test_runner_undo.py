"""The way back in the in-memory world: whatever fails or is cancelled before the start, nothing is left."""

from __future__ import annotations

import time

import pytest

from hosts.providers.errors import NotEnoughMemory, Refused
from migrations_app.jobs import JobRefused, cancel_job
from migrations_app.leases import HEARTBEAT_S
from migrations_app.models import MigrationJob
from tests.fakes.moves import BEFORE_START, Move

Status = MigrationJob.Status


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("side", "verb"), BEFORE_START)
def test_a_failure_before_the_start_is_undone(move: Move, side: str, verb: str, when: str) -> None:
    job = move.order()
    getattr(move, side).fail(verb, Refused("HV", f"{verb} is refused."), when=when)

    move.run(job)

    if (verb, when) == ("start", "after"):
        move.assert_moved(job)
        return
    assert job.status == Status.FAILED
    assert f"{verb} is refused." in job.failure_text
    move.assert_untouched(job)


def test_a_failed_restore_leaves_the_vm_running_on_its_source(move: Move) -> None:
    job = move.order()
    move.target.fail("start", NotEnoughMemory("HV02", "HV02 has 10 MB of memory; WEB01 needs 512 MB."))

    move.run(job)

    assert job.status == Status.FAILED
    assert job.vm_now == "WEB01 is running on HV01."
    assert job.outage_ended_at is not None
    move.assert_untouched(job)


def test_a_corrupted_byte_is_found_and_nothing_is_deleted(move: Move) -> None:
    job = move.order()
    move.target.corrupts = True

    move.run(job)

    assert job.status == Status.FAILED
    assert "not those of the source" in job.failure_text
    move.assert_untouched(job)


def test_the_source_is_resumed_while_the_target_is_dead(move: Move) -> None:
    job = move.order()
    move.target.fail("register", Refused("HV02", "The host is going down."))
    move.target.fail("remove_vm", times=1)
    move.target.fail("clear_traces", times=1)

    move.run(job)

    assert move.running_on() == ["HV01"]
    assert (job.status, job.direction) == (Status.RUNNING, MigrationJob.Direction.UNDO)
    assert job.phase.startswith("Undoing waits for HV02")
    move.let_time_pass(job)
    move.run(job)
    assert job.status == Status.FAILED
    move.assert_untouched(job)


@pytest.mark.parametrize("verb", ["checkpoint", "works", "save", "register"])
def test_a_cancel_before_the_start_undoes_everything(move: Move, verb: str) -> None:
    job = move.order()
    side = move.source if verb in ("checkpoint", "save") else move.target
    side.on_call[verb] = lambda: _cancel_and_let_it_be_heard(job)

    move.run(job)

    assert job.status == Status.CANCELLED
    assert job.failure_text == "The move was cancelled."
    move.assert_untouched(job)


def test_cancel_after_the_start_is_refused_with_the_reason(move: Move) -> None:
    job = move.order()
    move.target.fail("merge", Refused("HV02", "busy"))
    move.run(job)

    with pytest.raises(JobRefused, match="has ended"):
        cancel_job(job, None)


def test_an_outage_past_its_deadline_resumes_the_source(move: Move) -> None:
    job = move.order()
    MigrationJob.objects.filter(pk=job.pk).update(plan={**job.plan, "deadline_s": -1.0})

    move.run(job)

    assert job.status == Status.FAILED
    assert "deadline" in job.failure_text
    move.assert_untouched(job)


def test_a_bug_of_ours_is_undone_and_named_by_an_id(move: Move) -> None:
    job = move.order()
    move.target.fail("start_works", ZeroDivisionError("secret detail"))

    move.run(job)
    move.run(job)

    assert job.failure_text.startswith("Internal error ")
    assert "secret" not in job.failure_text
    move.assert_untouched(job)


def _cancel_and_let_it_be_heard(job: MigrationJob) -> None:
    """The worker's heartbeat brings the wish to the worker."""
    cancel_job(job, None)
    time.sleep(HEARTBEAT_S * 1.5)
