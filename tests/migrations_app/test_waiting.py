"""The queue as rows: places go to whose turn it is, and the others are told what they wait for, and after whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from hosts.models import Host
from migrations_app.batches import approve, plan_anew, plan_moves
from migrations_app.jobs import set_priority
from migrations_app.leases import take_lease
from migrations_app.models import MigrationJob
from migrations_app.tasks import sweep
from migrations_app.waiting import read_queue
from tests.fakes.estate import Estate
from tests.migrations_app.wizard import said

Status = MigrationJob.Status


@pytest.fixture
def queue(estate: Estate) -> Estate:
    """VM1 to VM5 wait to go from HV01 to HV02, which takes in two."""
    for name in ("VM4", "VM5"):
        estate.add_vm(name)
    estate.refresh()
    batch = plan_moves(estate.keys("VM1", "VM2", "VM3", "VM4", "VM5"), None)
    plan_anew(batch, estate.host("HV02"))
    approve(batch, None)
    return estate


def job_of(name: str) -> MigrationJob:
    return MigrationJob.objects.get(vm_name=name)


def takes(name: str) -> bool:
    return take_lease(job_of(name).pk, "worker") is not None


def test_the_oldest_get_the_places_and_the_others_are_told_after_whom(queue: Estate) -> None:
    assert [takes(name) for name in ("VM3", "VM2", "VM1", "VM4")] == [False, True, True, False]

    sweep()

    assert job_of("VM3").phase == "First in the queue: HV01 sends out 2 moves already (VM1, VM2)"
    assert job_of("VM5").phase == "Third in the queue: HV01 sends out 2 moves already (VM1, VM2)"
    assert [it.text for it in job_of("VM5").events.all()][1:] == [f"{job_of('VM5').phase}."]


def test_the_log_has_the_first_reason_and_the_page_the_latest(queue: Estate) -> None:
    sweep()
    assert job_of("VM4").phase.startswith("Second in the queue")

    set_priority(job_of("VM4"), 1, None)
    sweep()

    assert job_of("VM4").phase == "Waiting for a worker"
    assert job_of("VM3").phase.startswith("Second in the queue")
    assert job_of("VM3").events.count() == 2


def test_a_more_urgent_job_gets_the_place(queue: Estate) -> None:
    set_priority(job_of("VM5"), 1, None)

    assert [takes(name) for name in ("VM1", "VM2", "VM5")] == [True, False, True]


def test_a_job_between_other_hosts_does_not_wait(queue: Estate) -> None:
    assert takes("VM1")
    assert takes("VM2")
    MigrationJob.objects.filter(vm_name="VM5").update(source=queue.host("HV03"), target=queue.host("HV01"))

    assert not takes("VM3")
    assert takes("VM5")


def test_who_waited_longer_than_the_patience_keeps_what_is_free(queue: Estate, settings: Settings) -> None:
    Host.objects.filter(name="HV01").update(max_moves_out=3)
    assert takes("VM1")
    assert takes("VM2")
    MigrationJob.objects.filter(vm_name="VM5").update(target=queue.host("HV03"))
    settings.QUEUE_PATIENCE_S = 0

    assert not takes("VM5")

    assert job_of("VM5").phase == "Second in the queue: the free place of HV01 is kept for VM3, which waited longest"


def test_a_retried_job_queues_at_the_end(queue: Estate) -> None:
    MigrationJob.objects.filter(vm_name="VM1").update(started_at=timezone.now() + timedelta(seconds=1))

    assert not takes("VM1")


def test_the_queue_takes_three_queries(queue: Estate, django_assert_num_queries: object) -> None:
    takes("VM1")

    with django_assert_num_queries(3):  # type: ignore[operator]
        found = read_queue(timezone.now())

    assert len(found.turns) == 4


def test_every_page_says_why_a_job_waits(queue: Estate, signed_in: Client) -> None:
    sweep()
    reason = "First in the queue: HV01 sends out 2 moves already (VM1, VM2)"

    assert f"VM3 waits to be moved to HV02. It keeps running. {reason}." in said(
        signed_in.get(reverse("job-page", args=[job_of("VM3").pk]))
    )
    assert reason in said(signed_in.get(reverse("job-list")))
    MigrationJob.objects.filter(vm_name__in=("VM1", "VM2")).update(status=Status.RUNNING)
    assert f"VM3: {reason}" in said(signed_in.get(reverse("vm-list")))


def test_the_priority_is_changed_by_the_page(queue: Estate, signed_in: Client) -> None:
    address = reverse("job-priority", args=[job_of("VM5").pk])

    signed_in.post(address, {"priority": "1"})
    nonsense = signed_in.post(address, {"priority": "7"})

    assert job_of("VM5").priority == 1
    assert nonsense.status_code == 400


def test_everything_in_the_queue_is_moved_in_the_end(queue: Estate) -> None:
    queue.run_everything()

    assert set(queue.places().values()) == {"HV02"}
