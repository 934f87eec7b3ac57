"""Plans of several moves: nothing moves before the approval, all is ordered once, what fails stays where it is."""

from __future__ import annotations

import threading

import pytest
from django.contrib.auth.models import User
from django.db import connection

from hosts.models import Host, VirtualDisk, VirtualMachine
from hosts.providers.errors import Refused
from hosts.providers.types import VmState
from migrations_app.batch_progress import evacuation_of, progress_of
from migrations_app.batches import (
    BatchRefused,
    approve,
    cancel_moves,
    choose_target,
    discard,
    leave_out,
    order_moves,
    plan_anew,
    plan_evacuation,
    plan_moves,
)
from migrations_app.models import MigrationJob, MoveBatch
from tests.fakes.estate import Estate
from tests.fakes.world import WORLD

Status = MigrationJob.Status


def planned(estate: Estate, *names: str) -> MoveBatch:
    return plan_moves(estate.keys(*names), None)


def reasons(batch: MoveBatch) -> dict[str, str]:
    return {line.entry.vm_name: line.reason for line in progress_of(batch).lines if line.reason}


def test_nothing_moves_before_the_approval(estate: Estate) -> None:
    planned(estate, "VM1", "VM2")
    estate.run_everything()

    assert MigrationJob.objects.count() == 0
    assert set(estate.places().values()) == {"HV01"}


def test_an_approved_plan_is_moved_as_a_queue(estate: Estate) -> None:
    batch = planned(estate, "VM1", "VM2", "VM3")

    approve(batch, None)
    estate.run_everything()

    assert "HV01" not in estate.places().values()
    assert progress_of(batch).sentence == "3 of 3 moved."


def test_an_approval_counts_once(estate: Estate) -> None:
    batch = planned(estate, "VM1", "VM2")
    refused: list[str] = []

    def decide() -> None:
        try:
            approve(MoveBatch.objects.get(pk=batch.pk), None)
        except BatchRefused as reason:
            refused.append(str(reason))
        finally:
            connection.close()

    threads = [threading.Thread(target=decide) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == ["The plan was approved or discarded already."] * 3
    assert MigrationJob.objects.count() == 2


def test_a_move_that_is_refused_is_listed_and_the_others_go_on(estate: Estate) -> None:
    batch = planned(estate, "VM1", "VM2")
    VirtualMachine.objects.filter(name="VM1").update(state=VmState.OFF)

    approve(batch, None)
    estate.run_everything()

    assert "VM1 has changed since" in reasons(batch)["VM1"]
    assert progress_of(batch).sentence == "1 of 2 moved; 1 not moved."


def test_a_failed_move_is_listed_and_not_tried_again(estate: Estate) -> None:
    batch = planned(estate, "VM1", "VM2")
    for name in ("HV02", "HV03"):
        WORLD[name].fail("register", Refused(name, "It is refused."), times=1)

    approve(batch, None)
    estate.run_everything()
    estate.run_everything()

    assert progress_of(batch).is_over
    assert set(reasons(batch).values()) == {"HV02: It is refused.", "HV03: It is refused."}
    assert set(estate.places().values()) == {"HV01"}
    assert MigrationJob.objects.count() == 2


def test_an_interrupted_approval_is_finished_by_hand(estate: Estate) -> None:
    batch = planned(estate, "VM1", "VM2")
    approve(batch, None)
    batch.entries.filter(vm_name="VM2").update(job=None)
    MigrationJob.objects.filter(vm_name="VM2").delete()
    VirtualMachine.objects.filter(name="VM2").update(activity="")
    assert progress_of(batch).not_ordered == 1

    order_moves(batch, None)

    assert progress_of(batch).not_ordered == 0
    assert MigrationJob.objects.count() == 2


def test_a_draft_orders_nothing_and_a_discarded_plan_cannot_be_approved(estate: Estate) -> None:
    batch = planned(estate, "VM1")
    with pytest.raises(BatchRefused):
        order_moves(batch, None)

    discard(batch)

    with pytest.raises(BatchRefused):
        approve(batch, None)
    with pytest.raises(BatchRefused):
        plan_anew(batch, None)
    assert MigrationJob.objects.count() == 0


def test_a_target_is_chosen_by_hand_if_it_can_take_the_vm(estate: Estate) -> None:
    batch = planned(estate, "VM1", "VM2")
    entry = batch.entries.get(vm_name="VM1")
    other = Host.objects.exclude(name__in=("HV01", entry.target_name)).get()

    choose_target(batch, entry, other)
    assert batch.entries.get(vm_name="VM1").target == other
    Host.objects.filter(name=entry.target_name).update(is_in_maintenance=True)
    with pytest.raises(BatchRefused, match="is in maintenance mode"):
        choose_target(batch, entry, entry.target or other)

    assert batch.entries.get(vm_name="VM1").target == other


def test_a_chosen_target_must_have_room_beside_the_rest_of_the_plan(estate: Estate) -> None:
    batch = planned(estate, "VM1", "VM2")
    entry = batch.entries.get(target_name="HV02")
    Host.objects.filter(name="HV03").update(memory_available_mb=1000)

    with pytest.raises(BatchRefused, match="HV03 has 488 MB of memory free"):
        choose_target(batch, entry, estate.host("HV03"))


def test_who_is_left_out_stays(estate: Estate) -> None:
    batch = planned(estate, "VM1", "VM2")

    leave_out(batch, batch.entries.get(vm_name="VM1"), User.objects.create_user("anna"))
    approve(batch, None)
    estate.run_everything()

    assert reasons(batch) == {"VM1": "Left out of the plan by anna."}
    assert estate.places()["VM1"] == "HV01"


def test_a_plan_is_made_anew_for_one_target(estate: Estate) -> None:
    batch = planned(estate, "VM1", "VM2")

    plan_anew(batch, estate.host("HV03"))

    assert {entry.target_name for entry in batch.entries.all()} == {"HV03"}


def test_what_waits_is_cancelled_and_what_runs_goes_on(estate: Estate) -> None:
    batch = planned(estate, "VM1", "VM2", "VM3")
    approve(batch, None)
    running = MigrationJob.objects.order_by("pk").first()
    assert running is not None
    MigrationJob.objects.filter(pk=running.pk).update(status=Status.RUNNING)

    assert cancel_moves(batch, None, only_waiting=True) == []
    estate.run_everything()

    assert sorted(MigrationJob.objects.values_list("status", flat=True)) == ["cancelled", "cancelled", "done"]


def test_a_host_is_evacuated(estate: Estate) -> None:
    estate.add_vm("OFF1", VmState.OFF)
    estate.refresh()
    VirtualDisk.objects.filter(vm__name="VM2").update(is_pass_through=True)

    approve(plan_evacuation(estate.host("HV01"), None, with_stopped=False), None)
    assert estate.host("HV01").is_in_maintenance
    estate.run_everything()

    progress = evacuation_of(estate.host("HV01"))
    assert progress is not None
    assert progress.sentence == "2 of 4 moved; 2 not moved."
    assert sorted(line.entry.vm_name for line in progress.troubled) == ["OFF1", "VM2"]
    assert {name for name, place in estate.places().items() if place == "HV01"} == {"VM2"}


def test_what_does_not_run_leaves_if_that_was_asked_for(estate: Estate) -> None:
    estate.add_vm("OFF1", VmState.OFF)
    estate.refresh()

    approve(plan_evacuation(estate.host("HV01"), None, with_stopped=True), None)
    estate.run_everything()

    assert WORLD["HV01"].vms == {}


def test_a_host_out_of_maintenance_is_not_told_to_be_emptied(estate: Estate) -> None:
    approve(plan_evacuation(estate.host("HV01"), None, with_stopped=True), None)
    Host.objects.filter(name="HV01").update(is_in_maintenance=False)

    assert evacuation_of(estate.host("HV01")) is None


def test_nothing_selected_is_refused(estate: Estate) -> None:
    with pytest.raises(BatchRefused, match="Select the virtual machines"):
        plan_moves([], None)
