"""The outage in which the memory goes straight into the target: what a job leaves behind, whatever fails."""

from __future__ import annotations

import pytest

from hosts.providers import PROVIDERS
from hosts.providers.errors import Incompatible, Refused
from hosts.providers.types import VmState
from migrations_app.models import MigrationJob
from migrations_app.repairs import Repair, repair_job
from tests.fakes.moves import Move

Status = MigrationJob.Status
BEFORE_THE_MEMORY_IS_SENT = [
    ("source", "pause", "before"),
    ("source", "pause", "after"),
    ("source", "send_state", "before"),
    ("target", "receive", "before"),
]


@pytest.fixture
def streaming(move: Move) -> Move:
    """The same hosts, which can send memory now."""
    PROVIDERS["fake"] = "tests.fakes.streaming.StreamingFakeProvider"
    return move


def test_a_running_vm_moves_without_a_saved_state(streaming: Move) -> None:
    job = streaming.run(streaming.order())

    assert job.status == Status.DONE, job.failure_text
    assert "save" not in streaming.source.calls
    assert "register" not in streaming.target.calls
    assert job.outage is not None
    streaming.assert_moved(job)


def test_a_plan_streams_only_between_hosts_that_can(move: Move) -> None:
    assert not move.plan().streams_state
    PROVIDERS["fake"] = "tests.fakes.streaming.StreamingFakeProvider"

    assert move.plan().streams_state
    assert not move.plan(streams_state=False).streams_state


@pytest.mark.parametrize(("side", "verb", "when"), BEFORE_THE_MEMORY_IS_SENT)
def test_a_failure_before_the_memory_is_there_costs_a_resume(streaming: Move, side: str, verb: str, when: str) -> None:
    job = streaming.order()
    getattr(streaming, side).fail(verb, Incompatible("HV", "It does not fit."), when=when)

    streaming.run(job)

    assert job.status == Status.FAILED
    assert streaming.running_on() == ["HV01"]
    streaming.assert_untouched(job)


def test_a_last_copy_that_fails_costs_a_resume(streaming: Move) -> None:
    job = streaming.order()
    streaming.source.on_call["pause"] = lambda: streaming.target.fail("start_works", Refused("HV02", "Full."))

    streaming.run(job)

    assert job.status == Status.FAILED
    streaming.assert_untouched(job)


@pytest.mark.parametrize(("side", "verb"), [("source", "send_state"), ("target", "receive"), ("target", "start")])
def test_a_lost_answer_after_the_memory_was_sent_is_looked_up_and_the_move_goes_on(
    streaming: Move, side: str, verb: str
) -> None:
    job = streaming.order()
    getattr(streaming, side).fail(verb, when="after")

    streaming.run(job)

    assert job.status == Status.DONE, job.failure_text
    streaming.assert_moved(job)


def test_a_target_that_dies_with_the_memory_is_waited_for(streaming: Move) -> None:
    job = streaming.order()
    streaming.target.dies_after("receive")

    streaming.run(job)
    waited = (job.status, streaming.running_on())
    streaming.target.is_down = False
    streaming.go_on(job)

    assert waited == (Status.RUNNING, [])
    assert job.status == Status.DONE, job.failure_text
    streaming.assert_moved(job)


def test_a_target_that_is_lost_with_the_memory_is_given_up_and_the_vm_starts_from_its_disks(streaming: Move) -> None:
    job = streaming.order()
    streaming.target.dies_after("receive")
    streaming.run(job)

    repair_job(job, Repair.WITHOUT_TARGET, None)
    streaming.go_on(job)

    assert job.status == Status.FAILED
    assert streaming.running_on() == ["HV01"]
    assert len(streaming.source.vms[streaming.before.uid].disks[0].layers) == 1


def test_a_vm_that_somebody_resumed_is_not_sent(streaming: Move) -> None:
    job = streaming.order()
    uid = streaming.before.uid
    streaming.source.on_call["pause"] = lambda: streaming.target.on_call.update(start_works=resume)

    def resume() -> None:
        streaming.source.change(uid, state=VmState.RUNNING)

    streaming.run(job)

    assert job.failure_text.startswith("WEB01 is running on HV01")
    streaming.assert_untouched(job)
