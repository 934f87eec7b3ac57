"""Safety: a cancel is obeyed, or refused with its reason; none is lost."""

from __future__ import annotations

import pytest

from hosts.models import Host, VirtualMachine
from migrations_app.jobs import JobRefused, cancel_job
from migrations_app.models import HostSlot, MigrationJob
from tests.fakes.moves import Move

Status = MigrationJob.Status
CANCELLED = (Status.CANCELLED, "The move was cancelled.")


def test_a_cancel_before_a_worker_came_is_obeyed(move: Move) -> None:
    job = move.order()

    cancel_job(job, None)
    move.run(job)

    assert (job.status, job.failure_text) == CANCELLED
    assert not {"mark", "checkpoint", "start_works"} & {*move.source.calls, *move.target.calls}
    assert VirtualMachine.objects.get().status == "Running"
    move.assert_untouched(job)


def test_a_job_that_waits_for_a_full_host_can_be_cancelled(move: Move) -> None:
    job = move.order()
    Host.objects.filter(name="HV02").update(max_moves_in=0)
    assert move.run(job).status == Status.QUEUED

    cancel_job(job, None)
    move.run(job)

    assert (job.status, job.failure_text) == CANCELLED
    assert not HostSlot.objects.exists()
    move.assert_untouched(job)


def test_a_cancel_that_the_worker_has_not_heard_of_is_obeyed_before_the_start(move: Move) -> None:
    job = move.order()
    move.target.on_call["register"] = lambda: cancel_job(job, None)

    move.run(job)

    assert (job.status, job.failure_text) == CANCELLED
    assert "start" not in move.target.calls
    assert job.vm_now == "WEB01 is running on HV01."
    move.assert_untouched(job)


def test_a_cancel_during_the_start_is_refused_with_its_reason(move: Move) -> None:
    job, refusals = move.order(), list[str]()
    move.target.on_call["start"] = lambda: refusals.append(_refusal_of_a_cancel(job))

    move.run(job)

    assert refusals == ["WEB01 is being restored on HV02 at this moment."]
    assert (job.status, job.cancel_requested) == (Status.DONE, False)
    assert not any("cancel" in text for text in move.said(job))
    move.assert_moved(job)


def test_a_cancel_after_the_start_is_refused_with_its_reason(move: Move) -> None:
    job, refusals = move.order(), list[str]()
    move.target.on_call["merge"] = lambda: refusals.append(_refusal_of_a_cancel(job))

    move.run(job)

    assert refusals == ["WEB01 runs on HV02 already; the job can only be finished."]
    assert (job.status, job.cancel_requested) == (Status.DONE, False)
    move.assert_moved(job)


def _refusal_of_a_cancel(job: MigrationJob) -> str:
    with pytest.raises(JobRefused) as refused:
        cancel_job(MigrationJob.objects.get(pk=job.pk), None)
    return str(refused.value)
