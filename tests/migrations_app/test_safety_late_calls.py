"""Safety: what a host does after its worker has given up on it, or after another worker has come, changes nothing."""

from __future__ import annotations

import pytest

from hosts.providers.errors import ProviderError
from hosts.providers.types import VmState
from migrations_app.jobs import cancel_job
from migrations_app.models import MigrationJob
from tests.fakes.fence import OWN_DEADLINE_S
from tests.fakes.moves import BEFORE_START, Move

Status = MigrationJob.Status


@pytest.mark.parametrize(("side", "verb"), BEFORE_START)
def test_a_call_that_comes_after_the_undo_does_nothing(move: Move, side: str, verb: str) -> None:
    job, host = move.order(), getattr(move, side)
    host.late(verb)

    move.run(job)
    outcomes = host.let_late_calls_act()

    assert outcomes == ["Overtaken"]
    assert (job.status, move.running_on()) == (Status.FAILED, ["HV01"])
    assert job.failure_text == f"{host.name}: {verb} did not end in time."
    move.assert_untouched(job)


@pytest.mark.parametrize("verb", ["start", "merge", "clear_traces", "unmark"])
def test_a_call_of_the_undo_that_comes_late_does_no_harm_to_the_next_try(move: Move, verb: str) -> None:
    job = move.order()
    move.target.fail("register", ProviderError("HV02", "Not now."))
    move.source.late(verb)
    move.go_on(move.run(job))
    assert (job.status, move.running_on()) == (Status.FAILED, ["HV01"])

    move.target.on_call["register"] = lambda: outcomes.extend(move.source.let_late_calls_act())
    outcomes: list[str] = []
    move.retry(job)

    assert outcomes == ["Overtaken"]
    assert job.status == Status.DONE, job.failure_text
    move.assert_moved(job)


def test_an_overtaken_worker_does_not_save_a_vm_that_runs_again(move: Move) -> None:
    job = move.order()
    move.source.on_call["save"] = lambda: _another_worker_undoes(move, job)

    move.run(job)

    assert move.source.calls.count("save") == 1
    assert (job.status, move.running_on()) == (Status.CANCELLED, ["HV01"])
    move.assert_untouched(job)


def test_a_late_removal_does_not_take_the_vm_from_the_host_that_keeps_it(move: Move) -> None:
    move = move.anew(VmState.OFF)
    job, outcomes = move.order(), list[str]()
    move.source.late("remove_vm")
    move.target.on_call["remove_vm"] = lambda: outcomes.extend(move.source.let_late_calls_act())

    move.run(job)

    assert outcomes == ["Overtaken"]
    assert job.status == Status.FAILED
    move.assert_untouched(job)


def test_a_removal_that_was_carried_out_is_found_and_the_move_goes_on(move: Move) -> None:
    move = move.anew(VmState.OFF)
    job = move.order()
    move.source.fail("remove_vm", when="after")

    move.run(job)

    assert job.status == Status.DONE, job.failure_text
    move.assert_moved(job)


def test_a_save_that_hangs_is_given_up_at_the_deadline_of_the_outage(move: Move) -> None:
    job = move.order()
    move.source.late("save")

    move.run(job)

    (waited_s,) = move.source.waited_s
    assert job.plan["deadline_s"] - 5 < waited_s <= job.plan["deadline_s"] < OWN_DEADLINE_S
    assert (job.status, move.running_on()) == (Status.FAILED, ["HV01"])


def test_a_checkpoint_before_the_outage_has_all_the_time_that_it_needs(move: Move) -> None:
    job = move.order()
    move.source.late("checkpoint")

    move.run(job)

    assert move.source.waited_s == [OWN_DEADLINE_S]


def test_the_resume_of_the_source_may_last_longer_than_the_outage_may(move: Move) -> None:
    job = move.order()
    move.target.fail("register", ProviderError("HV02", "Not now."))
    move.source.late("start")

    move.go_on(move.run(job))

    assert move.source.waited_s == [OWN_DEADLINE_S]
    assert (job.status, move.running_on()) == (Status.FAILED, ["HV01"])


def _another_worker_undoes(move: Move, job: MigrationJob) -> None:
    """The first worker's lease has run out, its save has not reached the host yet."""
    cancel_job(MigrationJob.objects.get(pk=job.pk), None)
    move.end_lease(job)
    move.run(MigrationJob.objects.get(pk=job.pk))
