"""A host carries out what it was told long after its worker has gone: the VM stays where the move left it."""

from __future__ import annotations

import time

import pytest

from migrations_app.models import MigrationJob
from tests.lab_moves import LabMove

Status = MigrationJob.Status


@pytest.mark.parametrize(
    ("side", "verb"),
    [("source", "checkpoint-vm"), ("source", "save-vm"), ("target", "register-vm"), ("target", "start-vm")],
)
def test_a_call_that_comes_after_the_undo_does_nothing(lab_move: LabMove, side: str, verb: str) -> None:
    before, job = lab_move.before(), lab_move.order()
    host = getattr(lab_move, side)
    host.late(verb)

    lab_move.run(job)
    outcomes = host.let_late_calls_act()

    assert outcomes == ["Overtaken"]
    assert job.status == Status.FAILED
    assert lab_move.lab.twice("WEB01") == []
    lab_move.assert_at_home(job, before)


def test_a_save_that_hangs_is_given_up_at_the_deadline_of_the_outage(lab_move: LabMove) -> None:
    before, job = lab_move.before(), lab_move.order()
    MigrationJob.objects.filter(pk=job.pk).update(plan={**job.plan, "deadline_s": 1.0})
    lab_move.source.hang("save-vm", seconds=600)

    began = time.monotonic()
    lab_move.run(job)

    assert time.monotonic() - began < 60
    assert (job.status, job.vm_now) == (Status.FAILED, "WEB01 is running on HV01.")
    assert job.failure_text == "HV01: save-vm was given up after 15 seconds, at the deadline of the outage."
    lab_move.assert_at_home(job, before)
