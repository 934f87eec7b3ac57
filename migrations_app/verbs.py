"""What can be done with a virtual machine: the same list for the actions pane and the context menu."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.urls import reverse

from hosts.access import Action, Somebody, can
from hosts.models import VirtualMachine
from migrations_app.checks import check_vm, errors
from migrations_app.models import MigrationJob


@dataclass(frozen=True, slots=True)
class Verb:
    """`why_not`: why it cannot be used now, as a sentence; empty when it can. `is_told_above`: by another verb."""

    title: str
    icon: str
    url: str
    why_not: str = ""
    is_told_above: bool = False


def verbs_of(vm: VirtualMachine, user: Somebody) -> list[Verb]:
    why_not_move = can(user, Action.MIGRATE, vm).why_not
    why_not_go = can(user, Action.SEE_HOSTS, vm).why_not
    compares = why_not_move and can(user, Action.SEE_RATINGS, vm)
    verbs = [
        Verb("Migrate…", "arrow-right-left", reverse("migrate", args=[vm.pk]), why_not_move or why_not_migrate(vm)),
        *([Verb("Compare hosts", "star", reverse("migrate-host", args=[vm.pk]))] if compares else []),
        _repair(vm, user),
        _latest_job(vm),
        Verb("Properties", "sliders-horizontal", reverse("vm-page", args=[vm.pk])),
        Verb(f"Go to {vm.host.name}", "server", reverse("host-page", args=[vm.host_id]), why_not_go),
    ]
    reasons = [verb.why_not for verb in verbs]
    return [replace(verb, is_told_above=verb.why_not in reasons[:place]) for place, verb in enumerate(verbs)]


def why_not_migrate(vm: VirtualMachine) -> str:
    found = errors(check_vm(vm))
    return f"{found[0].text} {found[0].action}".strip() if found else ""


def _repair(vm: VirtualMachine, user: Somebody) -> Verb:
    if why_not := can(user, Action.REPAIR_JOB, vm).why_not:
        return Verb("Repair…", "wrench", "", why_not)
    job = MigrationJob.objects.filter(vm=vm, status=MigrationJob.Status.FAILED).only("pk").first()
    if job is None or vm.activity != VirtualMachine.Activity.MIGRATION_FAILED:
        return Verb("Repair…", "wrench", "", f"{vm.name} is not in the state Migration Failed.")
    return Verb("Repair…", "wrench", reverse("job-repair", args=[job.pk]))


def _latest_job(vm: VirtualMachine) -> Verb:
    pk = MigrationJob.objects.filter(vm=vm).values_list("pk", flat=True).first()
    if pk is None:
        return Verb("View latest job", "list-checks", "", f"{vm.name} has had no job yet.")
    return Verb("View latest job", "list-checks", reverse("job-page", args=[pk]))
