"""What can be done with a virtual machine: the same list for the actions pane and the context menu."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.urls import reverse

from hosts.access import Action, Somebody, can
from hosts.models import PowerOrder, VirtualMachine
from migrations_app.checks import check_vm, errors
from migrations_app.models import MigrationJob
from migrations_app.power import why_not_power
from migrations_app.power_words import WORDS


@dataclass(frozen=True, slots=True)
class Verb:
    """`why_not`: why it cannot be used now, as a sentence; empty when it can. `is_told_above`: by another verb.
    `is_posted`: it is done at once, by a POST."""

    title: str
    icon: str
    url: str
    why_not: str = ""
    is_told_above: bool = False
    is_posted: bool = False


def verbs_of(vm: VirtualMachine, user: Somebody) -> list[Verb]:
    why_not_move = can(user, Action.MIGRATE, vm).why_not
    why_not_go = can(user, Action.SEE_HOSTS, vm).why_not
    compares = why_not_move and can(user, Action.SEE_RATINGS, vm)
    verbs = [
        Verb("Migrate…", "arrow-right-left", reverse("migrate", args=[vm.pk]), why_not_move or why_not_migrate(vm)),
        *([Verb("Compare hosts", "star", reverse("migrate-host", args=[vm.pk]))] if compares else []),
        *_power(vm, user),
        _repair(vm, user),
        _latest_job(vm),
        Verb("Properties", "sliders-horizontal", reverse("vm-properties", args=[vm.pk])),
        Verb(f"Go to {vm.host.name}", "server", reverse("host-page", args=[vm.host_id]), why_not_go),
    ]
    reasons = [verb.why_not for verb in verbs]
    return [replace(verb, is_told_above=verb.why_not in reasons[:place]) for place, verb in enumerate(verbs)]


def why_not_migrate(vm: VirtualMachine) -> str:
    found = errors(check_vm(vm))
    return f"{found[0].text} {found[0].action}".strip() if found else ""


def _power(vm: VirtualMachine, user: Somebody) -> Iterator[Verb]:
    """Start is done at once; what stops the VM asks first."""
    why_not_at_all = can(user, Action.POWER, vm).why_not
    for verb, words in WORDS.items():
        is_start = verb == PowerOrder.Verb.START
        url = f"{reverse('vm-power')}?{urlencode({'verb': verb, 'vm': vm.pk})}"
        title = words.title if is_start else f"{words.title}…"
        yield Verb(title, words.icon, url, why_not_at_all or why_not_power(vm, verb), is_posted=is_start)


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
