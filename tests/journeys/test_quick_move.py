"""The main job against the emulated hosts, by the verbs of the wizard, proved by the checker."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from hosts.models import VirtualMachine
from lab.hyperv.checker import Observer
from migrations_app.models import MigrationJob
from tests.lab_moves import LabMove

Status = MigrationJob.Status


def test_a_running_vm_moves_with_its_memory_and_every_record(lab_move: LabMove) -> None:
    before, job = lab_move.before(), lab_move.order()

    with Observer(lab_move.lab.guest_address("WEB01")) as observer:
        lab_move.run(job)

    assert job.status == Status.DONE, job.failure_text
    lab_move.assert_moved(job, before)
    assert job.outage is not None
    assert abs(job.outage.total_seconds() - observer.longest_outage().seconds) < 1
    assert len(observer.outages(least_s=0.5)) <= 1
    assert VirtualMachine.objects.get(name="WEB01").host.name == "HV02"


def test_there_and_back_again(lab_move: LabMove) -> None:
    before = lab_move.before()
    lab_move.run(lab_move.order())
    lab_move.source, lab_move.target = lab_move.target, lab_move.source

    job = lab_move.run(lab_move.order(source="HV02", target="HV01"))

    assert job.status == Status.DONE, job.failure_text
    lab_move.assert_moved(job, before)


def test_the_files_of_the_source_stay_when_the_plan_keeps_them(lab_move: LabMove) -> None:
    disk = lab_move.source.vm("WEB01").layers[0][0]

    job = lab_move.run(lab_move.order(keeps_source_files=True))

    assert job.status == Status.DONE, job.failure_text
    assert lab_move.source.real(disk).exists()
    assert not lab_move.source.has_vm("WEB01")


@pytest.mark.django_db(transaction=True)
def test_a_vm_with_two_disks_and_two_networks_moves(tmp_path: Path, settings: Settings) -> None:
    settings.POLL_MS = 20
    move = LabMove(tmp_path / "lab", vm="DB01")
    before = move.before()

    job = move.run(move.order())

    assert job.status == Status.DONE, job.failure_text
    move.assert_moved(job, before)
    assert move.target.vm("DB01").networks == ("LAN", "DMZ")
    move.lab.destroy()


@pytest.mark.django_db(transaction=True)
def test_a_vm_that_is_off_moves_and_stays_off(tmp_path: Path, settings: Settings) -> None:
    settings.POLL_MS = 20
    move = LabMove(tmp_path / "lab", vm="ARCHIVE01")

    job = move.run(move.order(source="HV03"))

    assert job.status == Status.DONE, job.failure_text
    assert move.target.vm("ARCHIVE01").state == "off"
    assert not move.lab.host("HV03").has_vm("ARCHIVE01")
    move.lab.destroy()
