"""Repair: what a person can do about a move that failed, and why not when not."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from hosts.models import VirtualMachine
from hosts.providers.errors import Refused
from migrations_app.jobs import JobRefused
from migrations_app.marks import take_marks_away
from migrations_app.models import MigrationJob
from migrations_app.repairs import Repair, choices, repair_job
from migrations_app.verbs import Verb, verbs_of
from tests.fakes.moves import Move

Status = MigrationJob.Status
REFUSED = Refused("HV01", "It is refused.")


def possible(job: MigrationJob) -> set[str]:
    job.refresh_from_db()
    return {choice.repair.value for choice in choices(job) if not choice.why_not}


def repair(move: Move, job: MigrationJob, how: Repair) -> MigrationJob:
    """A person chooses, and a worker does what is to be done."""
    repair_job(job, how, None)
    take_marks_away(job.pk)
    return move.run(job)


@pytest.fixture
def stuck(move: Move) -> MigrationJob:
    """WEB01 runs on HV02, and the checkpoints could not be merged there."""
    move.target.fail("merge", REFUSED)
    return move.run(move.order())


@pytest.fixture
def source_is_lost(move: Move) -> MigrationJob:
    """WEB01 runs on HV02; HV01 died when it was to be removed there."""
    move.source.dies_after("remove_vm")
    return move.run(move.order())


@pytest.fixture
def target_is_lost(move: Move) -> MigrationJob:
    """HV02 was told to start WEB01, and burnt down before it could say whether it did."""
    move.target.dies_after("start")
    job = move.run(move.order())
    move.target.vms.clear()
    return job


def test_a_job_that_is_stuck_can_be_retried_ignored_or_parted_from_a_lost_host(stuck: MigrationJob) -> None:
    assert possible(stuck) == {"retry", "ignore", "without-source", "without-target"}
    why_not_undo = next(choice.why_not for choice in choices(stuck) if choice.repair is Repair.UNDO)
    assert why_not_undo.startswith("WEB01 has run on HV02, and what it wrote is there.")


def test_retry_goes_on_at_the_failed_step(move: Move, stuck: MigrationJob) -> None:
    assert choices(stuck)[0].what == "Goes on at step 5.2, merge the checkpoints."

    repair(move, stuck, Repair.RETRY)

    assert stuck.status == Status.DONE
    move.assert_moved(stuck)


def test_ignore_shows_the_vm_as_its_host_has_it_and_takes_the_marks_away(move: Move, stuck: MigrationJob) -> None:
    repair(move, stuck, Repair.IGNORE)

    vm = VirtualMachine.objects.get(host__name="HV02")
    assert (vm.status, vm.is_missing) == ("Running", False)
    assert stuck.dismissed_at is not None
    assert move.target.vms[vm.uid].notes.split("\n") == [move.before.notes]
    assert move.said(stuck)[-1] == "The marks of the move were taken away on HV02."
    assert possible(stuck) == {"without-target"}


def test_a_source_that_still_has_the_vm_is_kept_from_starting_it_when_the_failure_is_ignored(
    move: Move, stuck: MigrationJob
) -> None:
    repair(move, stuck, Repair.IGNORE)

    left = move.source.vms[move.before.uid]
    assert (left.start_action, stuck.tag in left.notes) == ("Nothing", True)
    assert move.said(stuck)[-2].startswith("WEB01 is still registered on HV01, and kept from starting there")


def test_the_marks_go_from_a_source_that_has_the_vm_no_more(move: Move, source_is_lost: MigrationJob) -> None:
    move.source.is_down = False

    repair(move, source_is_lost, Repair.IGNORE)

    assert "The marks of the move were taken away on HV01." in move.said(source_is_lost)
    assert move.source.traces(source_is_lost.tag) + move.target.traces(source_is_lost.tag) == []


def test_a_host_that_is_silent_keeps_the_marks_and_the_log_says_so(move: Move, stuck: MigrationJob) -> None:
    move.source.is_down = True

    repair(move, stuck, Repair.IGNORE)

    assert "The marks of the move stay on HV01: HV01: Nothing answers." in move.said(stuck)
    assert "The marks of the move were taken away on HV02." in move.said(stuck)


def test_a_move_is_finished_without_a_source_that_is_gone(move: Move, source_is_lost: MigrationJob) -> None:
    assert source_is_lost.status == Status.FAILED

    repair(move, source_is_lost, Repair.WITHOUT_SOURCE)

    assert (source_is_lost.status, source_is_lost.vm_now) == (Status.DONE, "WEB01 runs on HV02.")
    assert move.target.traces(source_is_lost.tag) == []
    assert VirtualMachine.objects.get(uid=move.before.uid, host__name="HV02").activity == ""


def test_it_is_finished_too_when_the_source_was_removed_from_ferry(move: Move, source_is_lost: MigrationJob) -> None:
    move.rows[0].delete()

    repair(move, source_is_lost, Repair.WITHOUT_SOURCE)

    assert source_is_lost.status == Status.DONE


def test_a_target_in_doubt_keeps_the_source_saved_until_a_person_gives_it_up(
    move: Move, target_is_lost: MigrationJob
) -> None:
    move.go_on(target_is_lost)
    assert (target_is_lost.is_open, move.running_on()) == (True, [])

    move.let_time_pass(repair(move, target_is_lost, Repair.WITHOUT_TARGET))

    assert move.running_on() == ["HV01"]
    assert (target_is_lost.status, target_is_lost.vm_now) == (Status.FAILED, "WEB01 is running on HV01.")
    assert move.source.traces(target_is_lost.tag) == []
    assert VirtualMachine.objects.get(host__name="HV01").status == "Running"


def test_a_destroyed_target_that_had_the_vm_already_is_given_up(move: Move, stuck: MigrationJob) -> None:
    move.target.is_down = True
    move.target.vms.clear()

    repair(move, stuck, Repair.WITHOUT_TARGET)

    assert move.running_on() == ["HV01"]
    assert (stuck.status, stuck.is_committed) == (Status.FAILED, False)
    assert VirtualMachine.objects.get(uid=move.before.uid, is_missing=False).host.name == "HV01"


def test_a_target_is_never_given_up_once_the_removal_from_the_source_began(source_is_lost: MigrationJob) -> None:
    with pytest.raises(JobRefused, match="what is on HV02 may be all there is"):
        repair_job(source_is_lost, Repair.WITHOUT_TARGET, None)


@pytest.mark.parametrize(
    "how", [Repair.RETRY, Repair.IGNORE, Repair.UNDO, Repair.WITHOUT_SOURCE, Repair.WITHOUT_TARGET]
)
def test_a_finished_move_needs_no_repair(move: Move, how: Repair) -> None:
    job = move.run(move.order())

    with pytest.raises(JobRefused):
        repair_job(job, how, None)

    job.refresh_from_db()
    assert job.status == Status.DONE


def test_an_older_failure_is_not_repaired_past_a_newer_job(move: Move, stuck: MigrationJob) -> None:
    repair(move, stuck, Repair.IGNORE)
    MigrationJob.objects.create(vm_uid=stuck.vm_uid, vm=stuck.vm, status=Status.DONE, plan=stuck.plan)

    assert possible(stuck) == set()


def test_repair_is_offered_for_a_vm_only_when_its_migration_failed(
    move: Move, stuck: MigrationJob, operator: User
) -> None:
    def repair_verb() -> Verb:
        vm = VirtualMachine.objects.get(host__name="HV02")
        return next(verb for verb in verbs_of(vm, operator) if verb.title == "Repair…")

    failed = repair_verb()
    assert (failed.url, failed.why_not) == (f"/jobs/{stuck.pk}/repair/", "")

    repair(move, stuck, Repair.RETRY)

    assert repair_verb().why_not == "WEB01 is not in the state Migration Failed."


def test_the_page_asks_for_the_oath_before_a_host_is_written_off(signed_in: Client, stuck: MigrationJob) -> None:
    page = signed_in.post(f"/jobs/{stuck.pk}/repair/", {"repair": "without-target"})

    assert page.status_code == 422
    assert "confirm first that this is so: HV02 is gone for good" in page.content.decode()
    stuck.refresh_from_db()
    assert not stuck.is_target_given_up


def test_the_page_repairs(signed_in: Client, stuck: MigrationJob) -> None:
    answer = signed_in.post(f"/jobs/{stuck.pk}/repair/", {"repair": "without-source", "oath-without-source": "yes"})

    assert answer.headers["Location"] == f"/jobs/{stuck.pk}/"
    stuck.refresh_from_db()
    assert (stuck.status, stuck.is_without_source) == (Status.QUEUED, True)


@pytest.mark.parametrize("sent", [{}, {"repair": "nonsense"}])
def test_the_page_says_when_nothing_was_chosen(signed_in: Client, stuck: MigrationJob, sent: dict[str, str]) -> None:
    page = signed_in.post(f"/jobs/{stuck.pk}/repair/", sent)

    assert (page.status_code, "Choose what to do." in page.content.decode()) == (422, True)
