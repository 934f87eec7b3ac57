"""A new plan: where its moves go, how many it takes, and that a form that was sent twice makes one."""

from __future__ import annotations

import threading

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from hosts.access import Role
from hosts.inventory import root_group
from hosts.models import AuditRecord, Host, HostGroup
from migrations_app.batches import plan_evacuation, plan_moves
from migrations_app.models import MigrationJob, MoveBatch
from tests.fakes.estate import Estate
from tests.migrations_app.wizard import said
from tests.people import person

NEW = reverse("job-plan-new")


def targets(batch: MoveBatch) -> dict[str, str]:
    return dict(batch.entries.values_list("vm_name", "target_name"))


def test_a_form_sent_twice_makes_one_plan(estate: Estate, signed_in: Client) -> None:
    sent = {"vm": estate.keys("VM1", "VM2")}

    first, second = signed_in.post(NEW, sent), signed_in.post(NEW, sent)

    assert first["Location"] == second["Location"]
    assert MoveBatch.objects.count() == 1
    assert AuditRecord.objects.filter(deed=AuditRecord.Deed.PLAN_MADE).count() == 1


def test_two_forms_at_once_make_one_plan(estate: Estate, operator: User) -> None:
    pks = estate.keys("VM1", "VM2")

    def send() -> None:
        try:
            plan_moves(pks, operator)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert MoveBatch.objects.count() == 1


def test_a_host_is_evacuated_by_one_plan(estate: Estate, admin: User) -> None:
    host = estate.host("HV01")

    made = {plan_evacuation(host, admin, with_stopped=with_stopped).pk for with_stopped in (True, True, False)}

    assert len(made) == 2


def test_other_moves_other_people_and_drafts_that_are_over_make_another_plan(estate: Estate, operator: User) -> None:
    pks, other = estate.keys("VM1"), person("other", Role.OPERATOR)
    made = [
        plan_moves(pks, operator, estate.host("HV02")),
        plan_moves(pks, operator, estate.host("HV03")),
        plan_moves(estate.keys("VM1", "VM2"), operator, estate.host("HV03")),
        plan_moves(pks, other, estate.host("HV03")),
    ]
    MoveBatch.objects.filter(created_by=other).update(approved_at="2026-01-01T00:00Z")

    made.append(plan_moves(pks, other, estate.host("HV03")))

    assert len({batch.pk for batch in made}) == 5


def test_what_is_dropped_on_a_host_goes_there(estate: Estate, signed_in: Client) -> None:
    signed_in.post(NEW, {"vm": estate.keys("VM1", "VM2"), "target": estate.host("HV03").pk})

    assert targets(MoveBatch.objects.get()) == {"VM1": "HV03", "VM2": "HV03"}
    assert MigrationJob.objects.count() == 0


def test_what_is_dropped_on_a_group_goes_to_hosts_below_it(estate: Estate, signed_in: Client) -> None:
    outer = HostGroup.objects.create(name="Edge", parent=root_group())
    inner = HostGroup.objects.create(name="Inner", parent=outer)
    Host.objects.filter(name="HV03").update(group=inner)

    signed_in.post(NEW, {"vm": estate.keys("VM1", "VM2"), "group": outer.pk})

    assert targets(MoveBatch.objects.get()) == {"VM1": "HV03", "VM2": "HV03"}


def test_nobody_plans_a_move_to_a_host_or_group_that_is_not_his(estate: Estate, client: Client) -> None:
    edge = HostGroup.objects.create(name="Edge", parent=root_group())
    mine = HostGroup.objects.create(name="Mine", parent=root_group())
    Host.objects.filter(name="HV01").update(group=mine)
    Host.objects.filter(name="HV03").update(group=edge)
    client.force_login(person("paul", Role.OPERATOR, mine))

    answers = [
        client.post(NEW, {"vm": estate.keys("VM1"), name: pk})
        for name, pk in (("target", estate.host("HV03").pk), ("group", edge.pk))
    ]

    assert [answer.status_code for answer in answers] == [403, 404]
    assert not MoveBatch.objects.exists()


def test_more_boxes_than_a_plan_takes_are_answered_with_a_sentence(estate: Estate, signed_in: Client) -> None:
    answer = signed_in.post(NEW, {"vm": range(1, 20_001)}, follow=True)

    assert "20,000 virtual machines are selected; a plan takes 200 at most." in said(answer)


def test_more_boxes_than_can_be_sent_at_all_are_answered_with_a_sentence(estate: Estate, signed_in: Client) -> None:
    answer = signed_in.post(NEW, {"vm": range(30_000)})

    assert answer.status_code == 400
    assert "too much at once" in said(answer)


def test_after_a_sign_in_it_is_asked_first(estate: Estate, client: Client, operator: User) -> None:
    sent = {"vm": estate.keys("VM1", "VM2"), "target": estate.host("HV02").pk}
    led = client.post(NEW, sent)
    client.force_login(operator)

    asked = said(client.get(led["Location"], follow=True))

    assert "Plan the moves of 2 virtual machines?" in asked
    assert "Each is to go to <bdi>HV02</bdi>." in asked
    assert not MoveBatch.objects.exists()
