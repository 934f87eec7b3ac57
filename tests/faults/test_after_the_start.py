"""Once the target runs there is no way back: what fails then is finished by a retry."""

from __future__ import annotations

import pytest

from hosts.models import VirtualMachine
from migrations_app.jobs import retry_job
from migrations_app.models import MigrationJob
from tests.lab_moves import LabMove

Status = MigrationJob.Status


@pytest.mark.parametrize(
    ("side", "verb"),
    [
        ("target", "merge-checkpoints"),
        ("source", "remove-vm"),
        ("source", "delete-files"),
        ("target", "unmark-vm"),
        ("target", "clear-traces"),
    ],
)
def test_a_refused_verb_leaves_the_vm_on_its_target_and_is_finished_by_a_retry(
    lab_move: LabMove, side: str, verb: str
) -> None:
    before, job = lab_move.before(), lab_move.order()
    getattr(lab_move, side).fail(verb, "WrongState", f"{verb} is refused by the test.")

    lab_move.run(job)
    assert (job.status, job.is_committed) == (Status.FAILED, True)
    assert lab_move.lab.running("WEB01") == ["HV02"]
    assert VirtualMachine.objects.get(name="WEB01").status == "Migration Failed"
    retry_job(job, None)
    lab_move.run(job)

    assert job.status == Status.DONE, job.failure_text
    lab_move.assert_moved(job, before)


def test_the_source_losing_power_after_the_start_costs_nothing_but_the_cleaning(lab_move: LabMove) -> None:
    before, job = lab_move.before(), lab_move.order()
    lab_move.source.kill_before("remove-vm")

    lab_move.run(job)
    assert lab_move.lab.running("WEB01") == ["HV02"]
    lab_move.source.start()
    lab_move.refresh()
    retry_job(job, None)
    lab_move.run(job)

    assert job.status == Status.DONE, job.failure_text
    lab_move.assert_moved(job, before)
