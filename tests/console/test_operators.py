"""Operators act within their host groups, and see nothing of what is elsewhere; the other roles see all or little."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.one_move import CannotMove, order_move
from hosts.access import NO_GROUP, Action, Role, can
from hosts.inventory import root_group
from hosts.models import Host, HostGroup, VirtualMachine
from migrations_app.batches import plan_moves
from migrations_app.models import BatchEntry, MigrationJob, MoveBatch
from tests.journeys.rows import moved_vm
from tests.people import person

OUTSIDE = "This is not in your host groups. You are an operator of Berlin."


@dataclass
class Company:
    """WEB01 has been moved from HV01 in Berlin to HV02 in Hamburg; HV03 is in Berlin's inner group."""

    job: MigrationJob
    berlin: HostGroup
    hosts: dict[str, Host]

    @property
    def vm(self) -> VirtualMachine:
        return VirtualMachine.objects.get(name="WEB01")

    def put(self, host: str) -> None:
        VirtualMachine.objects.update(host=self.hosts[host])


@pytest.fixture
def company(db: None) -> Company:
    job = moved_vm()
    assert job.ended_at is not None
    MigrationJob.objects.update(ended_at=job.ended_at - timedelta(minutes=5))  # no news for the strip any more
    berlin, hamburg = (HostGroup.objects.create(name=name, parent=root_group()) for name in ("Berlin", "Hamburg"))
    inner = HostGroup.objects.create(name="Berlin DMZ", parent=berlin)
    third = Host.objects.get(name="HV02")
    third.pk, third.name = None, "HV03"
    third.save()
    for name, group in {"HV01": berlin, "HV02": hamburg, "HV03": inner}.items():
        Host.objects.filter(name=name).update(group=group)
    return Company(job, berlin, {host.name: host for host in Host.objects.all()})


@pytest.fixture
def of_berlin(client: Client, company: Company) -> Client:
    client.force_login(person("anna", Role.OPERATOR, company.berlin))
    return client


def text_of(client: Client, name: str, *args: int) -> str:
    return client.get(reverse(name, args=args)).content.decode()


@pytest.mark.parametrize("name", ["vm-list", "host-list", "host-list-csv", "report-groups", "report-groups-csv"])
def test_lists_and_downloads_show_what_is_in_the_groups(of_berlin: Client, company: Company, name: str) -> None:
    text = text_of(of_berlin, name)

    assert "HV02" not in text
    assert "Hamburg" not in text
    assert "All Hosts" not in text


def test_groups_inside_of_a_group_belong_to_it(of_berlin: Client, company: Company) -> None:
    text = text_of(of_berlin, "host-list")

    assert "HV01" in text
    assert "HV03" in text


@pytest.mark.parametrize("name", ["vm-page", "vm-menu", "migrate", "migrate-host", "migrate-summary"])
def test_a_vm_elsewhere_is_refused_whatever_its_key_is(of_berlin: Client, company: Company, name: str) -> None:
    answer = of_berlin.get(reverse(name, args=[company.vm.pk]))

    assert answer.status_code == 403
    assert OUTSIDE in answer.content.decode()


@pytest.mark.parametrize("name", ["host-page", "host-menu"])
def test_a_host_elsewhere_is_refused(of_berlin: Client, company: Company, name: str) -> None:
    assert of_berlin.get(reverse(name, args=[company.hosts["HV02"].pk])).status_code == 403


def test_a_move_that_began_in_the_group_is_seen_and_not_changed(of_berlin: Client, company: Company) -> None:
    page = of_berlin.get(reverse("job-page", args=[company.job.pk]))
    refused = of_berlin.post(reverse("job-priority", args=[company.job.pk]), {"priority": "1"})

    assert (page.status_code, refused.status_code) == (200, 403)
    assert OUTSIDE in page.content.decode()
    assert company.job.name in text_of(of_berlin, "job-list")


def test_a_move_elsewhere_is_not_seen(of_berlin: Client, company: Company) -> None:
    MigrationJob.objects.update(source=company.hosts["HV02"])

    assert of_berlin.get(reverse("job-page", args=[company.job.pk])).status_code == 403
    assert company.job.name not in text_of(of_berlin, "job-list")
    assert "WEB01" not in text_of(of_berlin, "report-accuracy-csv")


def test_a_target_elsewhere_can_neither_be_looked_at_nor_moved_to(of_berlin: Client, company: Company) -> None:
    company.put("HV01")
    target = {"target": str(company.hosts["HV02"].pk), "on": str(company.hosts["HV02"].pk), "move": "yes"}

    looked = of_berlin.get(reverse("migrate-summary", args=[company.vm.pk]), target)
    ordered = of_berlin.post(reverse("migrate-move", args=[company.vm.pk]), target)

    assert (looked.status_code, ordered.status_code) == (403, 403)
    assert MigrationJob.objects.count() == 1


def test_the_wizard_offers_hosts_of_the_groups_only(of_berlin: Client, company: Company) -> None:
    company.put("HV01")

    text = b"".join(of_berlin.get(reverse("migrate-host", args=[company.vm.pk]))).decode()

    assert "HV03" in text
    assert "HV02" not in text


def test_a_plan_places_within_the_groups(of_berlin: Client, company: Company) -> None:
    company.put("HV01")

    of_berlin.post(reverse("job-plan-new"), {"vm": company.vm.pk})

    assert set(BatchEntry.objects.values_list("target_name", flat=True)) <= {"HV03", ""}


def test_a_plan_of_a_vm_elsewhere_is_refused(of_berlin: Client, company: Company) -> None:
    assert of_berlin.post(reverse("job-plan-new"), {"vm": company.vm.pk}).status_code == 403
    assert not MoveBatch.objects.exists()


def test_a_plan_that_leaves_the_groups_is_approved_by_somebody_else(of_berlin: Client, company: Company) -> None:
    company.put("HV01")
    plan = plan_moves([company.vm.pk], None)
    plan.entries.update(target=company.hosts["HV02"], target_name="HV02")

    assert of_berlin.get(reverse("job-plan", args=[plan.pk])).status_code == 200
    assert of_berlin.post(reverse("job-plan-approve", args=[plan.pk])).status_code == 403


def test_a_host_that_was_removed_is_in_no_group(company: Company) -> None:
    anna = person("anna", Role.OPERATOR, company.berlin)
    job = MigrationJob(source=company.hosts["HV01"], target=None)

    assert can(anna, Action.SEE_JOBS, job)
    assert not can(anna, Action.CHANGE_JOB, job)


def test_an_operator_of_no_group_is_told_so(client: Client, company: Company) -> None:
    anna = person("anna", Role.OPERATOR)
    anna.operator_groups.all().delete()
    client.force_login(anna)

    assert NO_GROUP in text_of(client, "start")
    assert client.get(reverse("vm-list")).status_code == 403


def test_the_move_command_does_as_a_user_what_he_may(company: Company) -> None:
    manager = User.objects.get(pk=person("max", Role.MANAGER).pk)

    with pytest.raises(CannotMove, match="Your role is Manager"):
        order_move(company.vm, company.hosts["HV01"], manager)


@pytest.mark.parametrize(
    ("role", "page"),
    [
        (Role.ADMINISTRATOR, "/vms/"),
        (Role.OPERATOR, "/vms/"),
        (Role.MANAGER, "/hosts/"),
        (Role.HELP_DESK, "/jobs/"),
    ],
)
def test_each_role_begins_where_its_work_is(client: Client, db: None, role: Role, page: str) -> None:
    client.force_login(person("somebody", role))

    answer = client.get("/", follow=True)

    assert (answer.redirect_chain[-1][0], answer.status_code) == (page, 200)


def test_without_a_role_one_is_told_whom_to_ask(client: Client, admin: User) -> None:
    client.force_login(person("new", None))

    text = text_of(client, "start")

    assert "Ask <bdi>admin</bdi>." in text
    for address in ("vm-list", "job-list", "audit-log"):
        assert reverse(address) not in text


def test_help_desk_sees_the_vm_of_a_job_and_no_other(client: Client, company: Company) -> None:
    client.force_login(person("hanna", Role.HELP_DESK))
    page = text_of(client, "vm-page", company.vm.pk)
    assert "Your role is Help Desk: you may look at jobs" in page
    assert reverse("host-page", args=[company.hosts["HV02"].pk]) not in page.replace('aria-disabled="true"', "")

    MigrationJob.objects.all().delete()

    assert client.get(reverse("vm-page", args=[company.vm.pk])).status_code == 403


def test_who_only_looks_sees_every_verb_of_a_job_with_the_reason(client: Client, company: Company) -> None:
    client.force_login(person("max", Role.MANAGER))

    text = text_of(client, "job-page", company.job.pk)

    assert "Your role is Manager: you may look at" in text
    assert 'id="verb-cancel" aria-disabled="true"' in text
    assert 'id="cancel-form"' not in text
