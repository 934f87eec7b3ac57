"""Whatever fails before the target runs: the VM runs on its source as before, and nothing else is left."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from hosts.providers.errors import NotEnoughMemory
from migrations_app.jobs import cancel_job, retry_job
from migrations_app.models import MigrationJob
from tests.lab_moves import LabMove, wait_until

Status = MigrationJob.Status

SOURCE_VERBS = ["mark-vm", "checkpoint-vm", "save-vm"]
TARGET_VERBS = ["start-works", "register-vm", "start-vm"]


@pytest.mark.parametrize("verb", [*SOURCE_VERBS, *TARGET_VERBS])
def test_a_refused_verb_is_undone(lab_move: LabMove, verb: str) -> None:
    before, job = lab_move.before(), lab_move.order()
    host = lab_move.source if verb in SOURCE_VERBS else lab_move.target
    host.fail(verb, "WrongState", f"{verb} is refused by the test.")

    lab_move.run(job)

    assert job.status == Status.FAILED
    assert f"{verb} is refused by the test." in job.failure_text
    assert job.vm_now == "WEB01 is running on HV01."
    lab_move.assert_at_home(job, before)


@pytest.mark.parametrize("verb", [*SOURCE_VERBS, *TARGET_VERBS])
def test_a_connection_that_drops_after_the_host_has_acted_leaves_one_running_vm(lab_move: LabMove, verb: str) -> None:
    before, job = lab_move.before(), lab_move.order()
    host = lab_move.source if verb in SOURCE_VERBS else lab_move.target
    host.drop_after(verb)

    lab_move.run(job)

    if verb == "start-vm":
        assert job.status == Status.DONE
        lab_move.assert_moved(job, before)
    else:
        assert job.status == Status.FAILED
        lab_move.assert_at_home(job, before)


def test_a_failed_restore_leaves_the_vm_running_on_its_source(lab_move: LabMove) -> None:
    before, job = lab_move.before(), lab_move.order()
    lab_move.target.fail("start-vm", NotEnoughMemory("HV02", "HV02 has not enough memory for WEB01."))

    lab_move.run(job)

    assert job.status == Status.FAILED
    assert "not enough memory" in job.failure_text
    assert job.outage_ended_at is not None
    lab_move.assert_at_home(job, before)


def test_a_byte_that_arrives_wrong_is_found(lab_move: LabMove) -> None:
    before, job = lab_move.before(), lab_move.order()
    lab_move.target.corrupt_copy(offset=100_000)

    lab_move.run(job)

    assert job.status == Status.FAILED
    assert "not those of the source" in job.failure_text
    lab_move.assert_at_home(job, before)


def test_a_disk_that_fills_up_during_the_copy_is_named(lab_move: LabMove) -> None:
    before, job = lab_move.before(), lab_move.order()
    lab_move.target.fail_copy("NotEnoughSpace", "There is not enough space on D: of HV02.", at_bytes=1_000_000)

    lab_move.run(job)

    assert job.status == Status.FAILED
    assert "not enough space on D:" in job.failure_text
    lab_move.assert_at_home(job, before)


def test_a_target_that_loses_power_in_the_copy_is_waited_for_and_cleaned(lab_move: LabMove) -> None:
    before, job = lab_move.before(), lab_move.order()
    lab_move.target.kill_after("start-works")

    lab_move.run_once(job)
    assert lab_move.lab.running("WEB01") == ["HV01"]
    lab_move.target.start()
    lab_move.run(job)

    assert job.status == Status.FAILED
    lab_move.assert_at_home(job, before)


def test_a_target_that_loses_power_in_the_outage_does_not_keep_the_source_waiting(lab_move: LabMove) -> None:
    before, job = lab_move.before(), lab_move.order()
    lab_move.target.kill_before("register-vm")

    lab_move.run_once(job)

    assert lab_move.lab.running("WEB01") == ["HV01"]
    assert job.status == Status.RUNNING
    assert job.phase.startswith("Undoing waits for HV02")
    lab_move.target.start()
    lab_move.run(job)
    assert job.status == Status.FAILED
    lab_move.assert_at_home(job, before)


def test_an_answer_that_is_garbage_is_a_sentence_and_is_undone(lab_move: LabMove) -> None:
    before, job = lab_move.before(), lab_move.order()
    lab_move.target.garbage("start-works")

    lab_move.run(job)

    assert job.status == Status.FAILED
    assert job.failure_text.startswith("HV02: ")
    assert "Traceback" not in job.failure_text
    lab_move.assert_at_home(job, before)


@pytest.mark.parametrize("phase", ["Copying the disks while it runs", "Copying the saved state"])
def test_a_cancel_is_undone_before_and_in_the_outage(lab_move: LabMove, phase: str) -> None:
    before, job = lab_move.before(), lab_move.order()
    lab_move.target.slow_copy(400_000, times=9)
    worker = threading.Thread(target=_work, args=(lab_move, job))
    worker.start()
    wait_until(lambda: MigrationJob.objects.get(pk=job.pk).phase == phase, phase)

    cancel_job(job, None)
    worker.join()

    job.refresh_from_db()
    assert job.status == Status.CANCELLED
    lab_move.assert_at_home(job, before)


def test_an_outage_past_its_deadline_resumes_the_source(lab_move: LabMove) -> None:
    before, job = lab_move.before(), lab_move.order()
    MigrationJob.objects.filter(pk=job.pk).update(plan={**job.plan, "deadline_s": 1.0})
    lab_move.target.slow_copy(1_000_000, times=9)

    lab_move.run(job)

    assert job.status == Status.FAILED
    assert "deadline of 1 s" in job.failure_text
    lab_move.assert_at_home(job, before)


def test_a_job_that_was_undone_can_be_tried_again(lab_move: LabMove) -> None:
    before, job = lab_move.before(), lab_move.order()
    lab_move.target.fail("start-vm", "NotEnoughMemory")
    lab_move.run(job)
    lab_move.refresh()

    retry_job(job, None)
    lab_move.run(job)

    assert job.status == Status.DONE, job.failure_text
    lab_move.assert_moved(job, before)


def _work(lab_move: LabMove, job: MigrationJob) -> None:
    try:
        lab_move.run(MigrationJob.objects.get(pk=job.pk))
    finally:
        connection.close()
