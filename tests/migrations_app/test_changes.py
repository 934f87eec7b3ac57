"""What a job changed of its VM, and its log to download."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.test import Client
from django.urls import reverse

from hosts.models import VirtualMachine
from migrations_app.changes import Change, changes_of, vm_record
from migrations_app.models import JobEvent, MigrationJob
from tests.fakes.moves import Move


def rows(job: MigrationJob) -> dict[str, Change]:
    changes = changes_of(job)
    assert changes is not None
    return {row.name: row for row in changes.rows}


def record_of_web01() -> dict[str, Any]:
    return vm_record(VirtualMachine.objects.get(name="WEB01"))


def test_a_finished_move_tells_what_it_changed_as_the_target_has_it(move: Move, signed_in: Client) -> None:
    job = move.run(move.order())

    changes = changes_of(job)

    assert changes is not None
    assert changes.is_found
    assert rows(job)["Host"] == Change("Host", ("HV01",), ("HV02",))
    assert not rows(job)["State"].is_changed
    assert "as it was found when the job had ended" in page(signed_in, job)


def test_a_move_that_was_undone_has_changed_nothing(move: Move, signed_in: Client) -> None:
    move.target.fail("register")
    job = move.run(move.order())

    assert not any(row.is_changed for row in rows(job).values())
    assert "Nothing has changed." in page(signed_in, job)


def test_before_the_end_a_job_tells_what_is_planned(move: Move, signed_in: Client) -> None:
    job = move.order()

    assert rows(job)["Host"].after == ("HV02",)
    assert rows(job)["Host"].is_changed
    assert "The job has not ended." in page(signed_in, job)


def test_what_is_planned_follows_the_plan(move: Move) -> None:
    job, before = move.order(), record_of_web01()
    before["config_path"] = "D:\\VMs\\WEB01\\Virtual Machines\\1.vmcx"
    before["adapters"] = {key: {"name": "LAN card", "network": "Old", "mac": "00:15"} for key in before["adapters"]}
    job.vm_before, job.plan["folder"] = before, "E:\\WEB01"

    assert rows(job)["Configuration"].after == ("E:\\WEB01\\Virtual Machines\\1.vmcx",)
    assert rows(job)["Network of LAN card"] == Change("Network of LAN card", ("Old",), ("LAN",))
    assert not rows(job)["MAC address of LAN card"].is_changed


def test_two_adapters_of_one_name_are_told_apart(move: Move) -> None:
    job = move.order()
    card = {"name": "Card", "network": "LAN", "mac": ""}
    job.vm_before = {**record_of_web01(), "adapters": {"a": card, "b": {**card, "network": ""}}}

    assert rows(job)["Network of Card"].before == ("LAN",)
    assert rows(job)["Network of Card (2)"].before == ("Not connected",)


def test_a_disk_that_the_vm_has_lost_is_shown(move: Move) -> None:
    job = move.run(move.order())
    job.vm_after = {**record_of_web01(), "disks": {}}

    assert rows(job)["Disk SCSI 0:0"].after == ()
    assert rows(job)["Disk SCSI 0:0"].is_changed


def test_a_job_from_before_this_was_kept_says_so(move: Move, signed_in: Client) -> None:
    job = move.order()
    MigrationJob.objects.update(vm_before=None)

    assert changes_of(MigrationJob.objects.get()) is None
    assert "ordered before Ferry kept how a virtual machine was" in page(signed_in, job)


def test_a_record_is_what_the_rows_say(move: Move) -> None:
    vm = VirtualMachine.objects.get(name="WEB01")

    record = vm_record(vm)

    assert record["host"] == "HV01"
    assert record["disks"] == {disk.location: [layer["path"] for layer in disk.layers] for disk in vm.disks.all()}


def test_the_log_is_downloaded_whole_and_in_order(move: Move, signed_in: Client) -> None:
    move.target.fail("register")
    job = move.run(move.order())
    JobEvent.objects.filter(job=job, number=1).update(text="=cmd|' /C calc'!A0")

    answer = signed_in.get(reverse("job-log", args=[job.pk]))
    table = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))

    assert [int(row[0]) for row in table[1:]] == list(range(1, job.last_event + 1))
    assert table[1][3] == "'=cmd|' /C calc'!A0"
    assert {"failure", ""} == {row[2] for row in table[1:]}
    assert answer["Content-Disposition"] == f'attachment; filename="job-{job.pk}-log.csv"'


def test_the_page_of_a_job_leads_to_its_log_and_to_what_it_changed(move: Move, signed_in: Client) -> None:
    job = move.order()

    text = signed_in.get(reverse("job-page", args=[job.pk])).content.decode()

    assert f'href="{reverse("job-log", args=[job.pk])}"' in text
    assert f'href="{reverse("job-changes", args=[job.pk])}"' in text


def page(client: Client, job: MigrationJob) -> str:
    return client.get(reverse("job-changes", args=[job.pk])).content.decode()
