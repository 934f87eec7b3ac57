"""The role Manager: may look at hosts, ratings, reports and jobs, and may change nothing."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from hosts.access import MANAGERS, MANAGERS_ONLY_LOOK
from migrations_app.models import MigrationJob
from tests.journeys.rows import moved_vm

LOOKS = (
    "host-list",
    "host-list-csv",
    "report-groups",
    "report-groups-csv",
    "report-accuracy",
    "report-accuracy-csv",
    "vm-list",
    "job-list",
    "job-plans",
)
PAGES_OF_HOST = ("host-page",)
PAGES_OF_VM = ("vm-page", "migrate", "migrate-host", "migrate-host-ratings")
CHANGES = {
    "host-refresh": "host",
    "host-maintenance": "host",
    "host-edit": "host",
    "host-remove": "host",
    "host-reserves": "host",
    "group-reserves": "group",
    "migrate-move": "vm",
    "migrate-host-check": "vm",
    "job-cancel": "job",
    "job-retry": "job",
    "job-priority": "job",
    "host-evacuate": "host",
    "job-plan-new": "",
    "job-plan-place": "plan",
    "job-plan-approve": "plan",
    "job-plan-go-on": "plan",
    "job-plan-discard": "plan",
    "job-plan-cancel": "plan",
    "host-add": "",
    "placement": "",
}


@pytest.fixture
def manager(db: None, client: Client) -> Client:
    user = User.objects.create_user("manager")
    user.groups.add(Group.objects.get_or_create(name=MANAGERS)[0])
    client.force_login(user)
    return client


@pytest.fixture
def job(db: None) -> MigrationJob:
    return moved_vm()


def args_of(what: str, job: MigrationJob) -> list[int]:
    assert job.target is not None
    keys = {"plan": 1, "host": job.target.pk, "group": job.target.group_id, "vm": job.vm_id, "job": job.pk}
    return [keys[what] or 0] if what else []


@pytest.mark.parametrize("name", CHANGES)
def test_a_manager_changes_nothing(manager: Client, job: MigrationJob, name: str) -> None:
    answer = manager.post(reverse(name, args=args_of(CHANGES[name], job)), {"target": job.source_id, "move": "yes"})

    assert answer.status_code == 403
    assert "You may not do this." in answer.content.decode()
    assert MigrationJob.objects.count() == 1


@pytest.mark.parametrize("name", [*LOOKS, *PAGES_OF_HOST, *PAGES_OF_VM])
def test_a_manager_looks_at_everything(manager: Client, job: MigrationJob, name: str) -> None:
    what = "host" if name in PAGES_OF_HOST else "vm" if name in PAGES_OF_VM else ""

    assert manager.get(reverse(name, args=args_of(what, job))).status_code == 200


def test_the_pages_say_what_a_manager_cannot_do(manager: Client, job: MigrationJob) -> None:
    target = f"?target={job.source_id}"
    addresses = [
        reverse("job-page", args=[job.pk]),
        reverse("host-page", args=[job.target_id]),
        reverse("migrate-summary", args=[job.vm_id]) + target,
    ]

    for address in addresses:
        assert MANAGERS_ONLY_LOOK in manager.get(address, follow=True).content.decode(), address


def test_the_role_exists_from_the_start(db: None) -> None:
    assert Group.objects.filter(name=MANAGERS).exists()


def test_an_administrator_in_the_group_stays_one(manager: Client, job: MigrationJob) -> None:
    User.objects.update(is_staff=True)

    assert manager.post(reverse("host-maintenance", args=[job.source_id]), {"is_on": "yes"}).status_code == 302
