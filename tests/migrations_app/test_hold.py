"""A job that holds: everything is copied, and the VM pauses in its window only, or when a person says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from hosts.inventory import remove_host
from hosts.models import Host
from migrations_app.holds import change_window, cut_over_now
from migrations_app.jobs import JobRefused, cancel_job
from migrations_app.models import HostSlot, JobStep, MigrationJob
from migrations_app.words import describe
from tests.fakes.busy import BusyGuest
from tests.fakes.moves import Move

Status = MigrationJob.Status
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def guest(move: Move, monkeypatch: pytest.MonkeyPatch) -> BusyGuest:
    """The disk travels in 100 s; a hundredth of what the link carries is written."""
    return BusyGuest(move, monkeypatch, writes_per_s=100, link_per_s=10_000, disk_bytes=1_000_000)


def held(move: Move, opens_at: datetime | None, closes_at: datetime | None = None) -> MigrationJob:
    """A job that holds for this window, or for a person, once it has copied everything."""
    job = move.order()
    wishes = {"holds": True, "cut_over_from": opens_at, "cut_over_until": closes_at}
    MigrationJob.objects.filter(pk=job.pk).update(**wishes)
    return move.run(job)


def sleep(move: Move, guest: BusyGuest, job: MigrationJob, until: datetime) -> MigrationJob:
    """Time goes by until then; the job is taken up whenever it is due."""
    while job.is_open and job.not_before is not None and job.not_before <= until:
        guest.sleep_until(job.not_before)
        move.run(job)
    guest.sleep_until(until)
    return move.run(job)


def checkpoints(move: Move) -> int:
    return len(move.source.vms[move.before.uid].checkpoints)


def test_a_job_waits_for_its_window_without_a_worker_and_without_its_slots(move: Move, guest: BusyGuest) -> None:
    job = held(move, guest.now + 12 * HOUR)

    assert (job.status, job.owner, job.lease_until) == (Status.RUNNING, "", None)
    assert job.not_before is not None
    assert job.phase.startswith("Holding until ")
    assert not HostSlot.objects.exists()
    assert job.steps.get(key="copy").status == JobStep.Status.DONE
    assert move.running_on() == ["HV01"]
    assert describe(job).text == "WEB01 keeps running on HV01 and is kept in sync; the cut-over is planned"


def test_it_cuts_over_when_the_window_opens_and_not_before(move: Move, guest: BusyGuest) -> None:
    opens_at = guest.now + 12 * HOUR
    job = held(move, opens_at, opens_at + DAY)

    sleep(move, guest, job, opens_at - timedelta(seconds=1))
    assert (job.outage_began_at, move.running_on()) == (None, ["HV01"])
    sleep(move, guest, job, opens_at)

    assert job.status == Status.DONE, job.failure_text
    assert job.outage_began_at is not None
    assert job.outage_began_at >= opens_at
    move.assert_moved(job)


def test_the_last_delta_is_small_and_the_chain_of_layers_bounded(move: Move, guest: BusyGuest) -> None:
    opens_at = guest.now + 48 * HOUR
    job = held(move, opens_at)
    before = 0

    while job.is_open:
        before = max(before, checkpoints(move))
        assert job.not_before is not None
        guest.sleep_until(job.not_before)
        move.run(job)

    written = 48 * 3600 * guest.writes_per_s
    assert 10 <= before <= 13
    assert job.steps.get(key="copy-rest").bytes_done < written / 1000
    move.assert_moved(job)


def test_a_window_that_has_passed_is_said_and_nothing_is_cut_over(move: Move, guest: BusyGuest) -> None:
    job = held(move, guest.now - 2 * HOUR, guest.now - HOUR)

    sleep(move, guest, job, guest.now + 24 * HOUR)

    assert (job.status, job.phase) == (Status.RUNNING, "Holding: the window has passed")
    said = [text for text in move.said(job) if "has passed; WEB01 keeps running on HV01" in text]
    assert len(said) == 1
    assert said[0].endswith("Cut over by hand or choose another window.")
    assert describe(job).text.startswith("The window from ")
    assert move.running_on() == ["HV01"]


def test_an_outage_that_does_not_fit_into_the_window_is_not_begun(move: Move, guest: BusyGuest) -> None:
    job = held(move, guest.now - HOUR, guest.now + timedelta(seconds=130))

    assert job.phase == "Holding: the outage does not fit into the window"
    assert (job.outage_began_at, move.running_on()) == (None, ["HV01"])


def test_an_order_cuts_over_at_once(move: Move, guest: BusyGuest) -> None:
    job = held(move, guest.now + 12 * HOUR)

    cut_over_now(job, None)
    move.run(job)

    assert job.status == Status.DONE, job.failure_text
    assert "Ferry ordered the cut-over of WEB01." in move.said(job)
    move.assert_moved(job)


def test_another_window_is_heeded_at_once(move: Move, guest: BusyGuest) -> None:
    job = held(move, None)
    assert job.phase == "Holding until the cut-over is ordered"

    change_window(job, guest.now + HOUR, guest.now + DAY, None)
    move.run(job)
    assert job.phase.startswith("Holding until ")
    sleep(move, guest, job, guest.now + HOUR)

    assert job.status == Status.DONE, job.failure_text


def test_what_a_person_asks_while_the_worker_is_about_to_rest_is_not_slept_through(
    move: Move, guest: BusyGuest
) -> None:
    job = move.order()
    MigrationJob.objects.filter(pk=job.pk).update(holds=True)
    guest.at_copy = lambda: cancel_job(MigrationJob.objects.get(pk=job.pk), None)

    move.run(job)
    move.run(job)

    assert job.status == Status.CANCELLED
    move.assert_untouched(job)


def test_a_cancel_while_it_holds_works_at_once_even_when_its_hosts_are_full(move: Move, guest: BusyGuest) -> None:
    job = held(move, guest.now + 12 * HOUR)
    Host.objects.update(max_moves_in=0, max_moves_out=0)

    cancel_job(job, None)
    move.run(job)

    assert job.status == Status.CANCELLED
    move.assert_untouched(job)


@pytest.mark.parametrize(("side", "verb"), [("source", "checkpoint"), ("target", "start_works")])
def test_a_process_that_dies_while_it_syncs_is_followed_by_one_that_goes_on_holding(
    move: Move, guest: BusyGuest, side: str, verb: str
) -> None:
    opens_at = guest.now + 12 * HOUR
    job = held(move, opens_at)
    guest.sleep_until(opens_at - HOUR)
    getattr(move, side).fail(verb, SystemExit("killed"), when="after")

    with pytest.raises(SystemExit):
        move.run(job)
    MigrationJob.objects.filter(pk=job.pk).update(lease_until=None, not_before=None)
    move.run(job)
    assert (job.status, move.running_on()) == (Status.RUNNING, ["HV01"])
    sleep(move, guest, job, opens_at)

    assert job.status == Status.DONE, job.failure_text
    move.assert_moved(job)


def test_a_job_that_was_stopped_before_the_save_does_not_cut_over_outside_its_window(
    move: Move, guest: BusyGuest
) -> None:
    job = held(move, guest.now + HOUR, guest.now + DAY)
    _when_the_gate_is_open(move, job, _die)
    with pytest.raises(SystemExit):
        sleep(move, guest, job, guest.now + HOUR)
    assert job.steps.get(key="hold").status == JobStep.Status.DONE

    MigrationJob.objects.filter(pk=job.pk).update(
        lease_until=None, cut_over_from=guest.now - 2 * HOUR, cut_over_until=guest.now - HOUR
    )
    move.run(job)

    assert (job.status, job.phase) == (Status.RUNNING, "Holding: the window has passed")
    assert move.running_on() == ["HV01"]


def test_a_window_that_is_changed_in_the_last_moment_is_heeded(move: Move, guest: BusyGuest) -> None:
    """Right after the gate was found open, before the outage is written to have begun."""
    job = held(move, guest.now + HOUR)
    guest.sleep_until(guest.now + HOUR)
    later = guest.now + 5 * HOUR
    _when_the_gate_is_open(move, job, lambda: change_window(job, later, None, None))

    move.run(job)
    move.run(job)

    assert (job.outage_began_at, job.cut_over_from) == (None, later)
    assert job.phase.startswith("Holding until ")


def test_a_host_that_does_not_answer_is_waited_for(move: Move, guest: BusyGuest) -> None:
    job = held(move, guest.now + 12 * HOUR)
    guest.sleep_until(guest.now + 6 * HOUR)
    move.source.fail("find_vm", times=2)

    move.run(job)
    assert job.phase == "Holding: HV01 does not answer"
    sleep(move, guest, job, guest.now + 6 * HOUR)

    assert job.status == Status.DONE, job.failure_text


def test_a_checkpoint_that_somebody_merged_is_found_while_the_vm_runs(move: Move, guest: BusyGuest) -> None:
    opens_at = guest.now + 12 * HOUR
    job = held(move, opens_at)
    sleep(move, guest, job, guest.now + 6 * HOUR)
    _merge_everything(move)

    sleep(move, guest, job, opens_at)

    assert (job.status, job.outage_began_at) == (Status.FAILED, None)
    assert "on HV01 after it was copied." in job.failure_text
    assert move.running_on() == ["HV01"]


def test_a_target_that_is_removed_from_ferry_meanwhile_leaves_the_source_as_it_was(
    move: Move, guest: BusyGuest
) -> None:
    job = held(move, guest.now + 12 * HOUR)
    remove_host(move.rows[1])

    MigrationJob.objects.filter(pk=job.pk).update(not_before=None)
    move.run(job)

    assert (job.status, job.failure_text) == (Status.FAILED, "HV02 was removed from Ferry.")
    assert "delete it by hand" in job.failure_action
    assert len(move.source.vms[move.before.uid].disks[0].layers) == 1
    assert move.source.traces(job.tag) == []
    assert move.running_on() == ["HV01"]


def test_nothing_can_be_wished_of_a_job_that_does_not_hold(move: Move) -> None:
    job = move.order()

    with pytest.raises(JobRefused, match="it cuts over as soon as everything is copied"):
        cut_over_now(job, None)


def test_a_window_must_close_after_it_opens_and_not_in_the_past(move: Move, guest: BusyGuest) -> None:
    job = held(move, None)

    with pytest.raises(JobRefused, match="closes before it opens"):
        change_window(job, guest.now + HOUR, guest.now, None)
    with pytest.raises(JobRefused, match="has passed already"):
        change_window(job, guest.now - 2 * HOUR, guest.now - HOUR, None)


def _when_the_gate_is_open(move: Move, job: MigrationJob, wish: Callable[[], None]) -> None:
    """At the first look at the VM after the step that holds has ended."""

    def look() -> None:
        if job.steps.get(key="hold").status == JobStep.Status.DONE:
            wish()
        else:
            move.source.on_call["find_vm"] = look

    move.source.on_call["find_vm"] = look


def _die() -> None:
    raise SystemExit("killed")


def _merge_everything(move: Move) -> None:
    """A backup that ends takes every checkpoint along."""
    vm = move.source.vms[move.before.uid]
    layers = vm.disks[0].layers
    for layer in layers[1:]:
        move.source.files[layers[0].path] += move.source.files.pop(layer.path)
    disk = type(vm.disks[0])(vm.disks[0].location, vm.disks[0].size_bytes, is_dynamic=True, layers=layers[:1])
    move.source.change(vm.uid, checkpoints=(), disks=(disk,))
