"""Delta rounds in the in-memory world: done, skipped, resumed and undone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hosts.providers.errors import Refused
from migrations_app.models import JobStep, MigrationJob
from tests.fakes.busy import BusyGuest
from tests.fakes.moves import Move

Status = MigrationJob.Status
Done = JobStep.Status.DONE
Skipped = JobStep.Status.SKIPPED


@pytest.fixture
def guest(move: Move, monkeypatch: pytest.MonkeyPatch) -> BusyGuest:
    """A disk that travels in 100 s, and a tenth as much written as the link carries: 10 s of outage, then 1, ..."""
    return BusyGuest(move, monkeypatch, writes_per_s=1_000, link_per_s=10_000, disk_bytes=1_000_000)


def rounds(job: MigrationJob) -> list[tuple[str, str]]:
    """Number and status of each step of a round."""
    steps = job.steps.filter(key__in=("checkpoint-delta", "copy-delta"))
    return [(step.number, step.status) for step in steps]


def last_bytes(job: MigrationJob) -> int:
    return job.steps.get(key="copy-rest").bytes_done


def test_rounds_are_done_until_nothing_is_gained_by_another(move: Move, guest: BusyGuest) -> None:
    job = move.run(move.order())

    first, second = job.steps.get(number="3.4"), job.steps.get(number="3.6")
    assert job.status == Status.DONE, job.failure_text
    assert rounds(job)[:3] == [("3.3", Done), ("3.4", Done), ("3.5", Skipped)]
    assert first.title == "Copy what was written meanwhile (round 1)"
    assert first.note == "Saves 9.1 s of outage: 99 KB would be left, 10 KB are."
    assert second.note == "10 KB are left: another round would save 0.7 s of outage and cost 2 s itself."
    move.assert_moved(job)


def test_fewer_bytes_travel_in_the_outage_with_rounds(move: Move, guest: BusyGuest) -> None:
    job = move.run(move.order_plan(replace(move.plan(), max_rounds=0)))
    without = last_bytes(job)
    assert (job.status, rounds(job), without > 100_000) == (Status.DONE, [], True)


def test_a_round_that_cannot_catch_up_is_not_begun(move: Move, guest: BusyGuest) -> None:
    guest.writes_per_s = 20_000

    job = move.run(move.order())

    assert {status for _, status in rounds(job)} == {Skipped}
    assert "another round would not catch up." in job.steps.get(number="3.3").note
    move.assert_moved(job)


def test_the_log_says_once_why_no_other_round_is_done(move: Move, guest: BusyGuest) -> None:
    job = move.run(move.order())

    assert len([text for text in move.said(job) if "another round would save" in text]) == 1


@pytest.mark.parametrize("number", ["3.3", "3.4"])
def test_a_process_that_dies_in_a_round_is_followed_by_one_that_goes_on(
    move: Move, guest: BusyGuest, number: str
) -> None:
    job = move.order()
    _kill_in(move, number)

    with pytest.raises(SystemExit):
        move.run(job)
    assert job.steps.get(number=number).status == JobStep.Status.RUNNING
    MigrationJob.objects.filter(pk=job.pk).update(lease_until=None)
    move.run(job)

    assert job.status == Status.DONE, job.failure_text
    assert rounds(job)[:2] == [("3.3", Done), ("3.4", Done)]
    move.assert_moved(job)


def test_rounds_that_were_done_are_undone_with_the_rest(move: Move, guest: BusyGuest) -> None:
    job = move.order()
    move.target.fail("register", Refused("HV02", "It is refused."))

    move.run(job)

    assert (job.status, job.failure_text) == (Status.FAILED, "HV02: It is refused.")
    assert rounds(job)[:3] == [("3.3", "undone"), ("3.4", "undone"), ("3.5", Skipped)]
    move.assert_untouched(job)


def test_a_retry_decides_about_its_rounds_anew(move: Move, guest: BusyGuest) -> None:
    job = move.order()
    move.target.fail("register", Refused("HV02", "It is refused."))
    move.run(job)
    guest.writes_per_s = 0

    move.retry(job)

    assert job.status == Status.DONE, job.failure_text
    assert {step.note for step in job.steps.filter(key="copy-delta")} != {""}
    assert rounds(job)[0] == ("3.3", Skipped)


def test_what_travels_last_is_less_than_was_written_during_the_first_copy(move: Move, guest: BusyGuest) -> None:
    job = move.run(move.order())

    assert last_bytes(job) < 20_000
    assert job.bytes_done <= job.bytes_total
    assert job.percent == 100


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_layer_that_was_merged_after_it_was_copied_is_found_before_the_outage(
    move: Move, guest: BusyGuest, is_gone: bool
) -> None:
    """The layer itself is gone, or a later one was merged into it and it is written again."""
    job = move.order()
    guest.at_copy = lambda: _merge_by_hand(move, is_gone=is_gone)

    move.run(job)

    assert (job.status, job.outage_began_at) == (Status.FAILED, None)
    assert ("was merged on HV01" if is_gone else "was written again on HV01") in job.failure_text
    assert "backups" in job.failure_action
    assert move.running_on() == ["HV01"]


def _merge_by_hand(move: Move, *, is_gone: bool) -> None:
    """While the first round copies its layer, another tool removes a checkpoint."""
    vm = move.source.vms[move.before.uid]
    base, *layers = vm.disks[0].layers
    if len(layers) < 2:
        return
    if is_gone:
        disk = replace(vm.disks[0], layers=(base, *layers[1:]))
        move.source.change(vm.uid, disks=(disk,))
    else:
        move.source.files[layers[0].path] += b"merged"


def _kill_in(move: Move, number: str) -> None:
    """The worker ends in this step of the first round, after the host has acted."""
    verb = {"3.3": "checkpoint", "3.4": "start_works"}[number]
    host = move.source
    inner = host.on_call[verb]

    def second_time() -> None:
        inner()
        host.fail(verb, SystemExit("killed"), when="after")

    def first_time() -> None:
        inner()
        host.on_call[verb] = second_time

    host.on_call[verb] = first_time
