"""The pages of plans: what they say, who may do what, and as many queries for fifty moves as for one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from hosts.models import Host, VirtualDisk
from migrations_app.batches import approve, plan_evacuation, plan_moves
from migrations_app.models import BatchEntry, MigrationJob, MoveBatch
from tests.fakes.estate import Estate
from tests.migrations_app.wizard import said

AtMost = Callable[[int], AbstractContextManager[object]]


@pytest.fixture
def boss(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def plan_url(batch: MoveBatch, verb: str = "") -> str:
    return reverse(f"job-plan-{verb}" if verb else "job-plan", args=[batch.pk])


def test_selected_vms_become_a_plan_that_is_approved_once(estate: Estate, signed_in: Client) -> None:
    shown = signed_in.post(reverse("job-plan-new"), {"vm": estate.keys("VM1", "VM2")}, follow=True)
    batch = MoveBatch.objects.get()
    assert "2 of 2 virtual machines would move" in said(shown)
    assert MigrationJob.objects.count() == 0

    first = signed_in.post(plan_url(batch, "approve"), follow=True)
    second = signed_in.post(plan_url(batch, "approve"), follow=True)

    assert "0 of 2 moved; 2 waiting." in said(first)
    assert "The plan was approved or discarded already." in said(second)
    assert MigrationJob.objects.count() == 2


def test_nothing_selected_is_said_on_the_list(estate: Estate, signed_in: Client) -> None:
    answer = signed_in.post(reverse("job-plan-new"), {"vm": ["x", "٣", "9" * 30]}, follow=True)

    assert "Select the virtual machines to migrate first." in said(answer)


def test_a_plan_says_who_cannot_move_and_why(estate: Estate, signed_in: Client) -> None:
    VirtualDisk.objects.filter(vm__name="VM2").update(is_pass_through=True)
    batch = plan_moves(estate.keys("VM1", "VM2"), None)

    text = said(signed_in.get(plan_url(batch)))

    assert "1 of 2 virtual machines would move" in text
    assert "Would stay" in text
    assert "pass-through disk" in text


def test_a_plan_can_be_approved_for_later_and_with_a_priority(estate: Estate, signed_in: Client) -> None:
    batch = plan_moves(estate.keys("VM1"), None)

    signed_in.post(plan_url(batch, "approve"), {"when": "at", "start": "2099-11-24T02:00", "priority": "1"})

    job = MigrationJob.objects.get()
    assert (job.priority, job.phase) == (1, "Starts 24 Nov 2099 02:00 UTC")


def test_a_wrong_time_approves_nothing(estate: Estate, signed_in: Client) -> None:
    batch = plan_moves(estate.keys("VM1"), None)

    answer = signed_in.post(plan_url(batch, "approve"), {"when": "at", "start": "2020-11-24T02:00"})

    assert answer.status_code == 400
    assert "has passed. Give a time to come" in said(answer)
    assert MigrationJob.objects.count() == 0


def test_a_discarded_plan_is_nowhere_any_more(estate: Estate, signed_in: Client) -> None:
    batch = plan_moves(estate.keys("VM1"), None)

    signed_in.post(plan_url(batch, "discard"))

    assert signed_in.get(plan_url(batch)).status_code == 404
    assert "There are no plans yet." in said(signed_in.get(reverse("job-plans")))


def test_the_target_of_a_move_is_changed_on_a_page_of_its_own(estate: Estate, signed_in: Client) -> None:
    batch = plan_moves(estate.keys("VM1"), None)
    entry = batch.entries.get()
    other = Host.objects.exclude(name__in=("HV01", entry.target_name)).get()
    address = reverse("job-plan-target", args=[batch.pk, entry.position])
    assert f'value="{other.pk}"' in said(signed_in.get(address))

    signed_in.post(address, {"target": other.pk})
    assert batch.entries.get().target == other
    signed_in.post(address, {"target": ""})

    assert batch.entries.get().reason == "Left out of the plan by operator."


def test_maintenance_begins_with_the_approval_and_the_host_says_how_far_it_is(estate: Estate, boss: Client) -> None:
    VirtualDisk.objects.filter(vm__name="VM2").update(is_pass_through=True)
    host = estate.host("HV01")

    boss.post(reverse("host-evacuate", args=[host.pk]), {"with_stopped": "yes"})
    assert not estate.host("HV01").is_in_maintenance
    boss.post(plan_url(MoveBatch.objects.get(), "approve"))
    text = said(boss.get(reverse("host-page", args=[host.pk])))

    assert "0 of 3 moved; 2 waiting, 1 not moved." in text
    assert "VM2 stays: The disk at SCSI 0:0 of VM2 is a pass-through disk" in text


def test_only_administrators_plan_and_approve_maintenance(estate: Estate, signed_in: Client) -> None:
    host = estate.host("HV01")
    batch = plan_evacuation(host, None, with_stopped=True)

    answers = [
        signed_in.get(reverse("host-evacuate", args=[host.pk])),
        *(signed_in.post(plan_url(batch, verb)) for verb in ("approve", "place", "discard", "go-on")),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert "Only administrators" in said(signed_in.get(plan_url(batch)))


def test_what_waits_is_cancelled_by_the_page(estate: Estate, signed_in: Client) -> None:
    batch = plan_moves(estate.keys("VM1", "VM2"), None)
    approve(batch, None)

    signed_in.post(plan_url(batch, "cancel"), {"which": "waiting"})
    estate.run_everything()

    assert "0 of 2 moved; 2 cancelled." in said(signed_in.get(plan_url(batch)))


def test_pages_take_the_same_few_queries_for_fifty_moves(
    estate: Estate, boss: Client, django_assert_max_num_queries: AtMost
) -> None:
    batch = plan_evacuation(estate.host("HV01"), None, with_stopped=True)
    entry = batch.entries.all()[0]
    more = (BatchEntry(**{**_values(entry), "position": n}) for n in range(4, 54))
    BatchEntry.objects.bulk_create(more)
    for number in range(30):
        MoveBatch.objects.create(kind="selected", host_name=str(number))

    for address, most in ((plan_url(batch), 17), (reverse("job-plans"), 17), (plan_url(batch, "progress"), 6)):
        with django_assert_max_num_queries(most):
            assert boss.get(address).status_code == 200


def _values(entry: BatchEntry) -> dict[str, object]:
    return {field.attname: getattr(entry, field.attname) for field in BatchEntry._meta.fields if field.name != "id"}
