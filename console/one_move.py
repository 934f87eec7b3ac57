"""One move without a browser, by the verbs of the wizard: choose, check, start, watch."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.contrib.auth.models import User

from hosts.access import Action, can
from hosts.inventory import refresh_host
from hosts.models import Host, VirtualMachine
from hosts.placement import RatedHost, rate_hosts
from hosts.providers.types import VmState
from hosts.vm_folders import default_folder
from migrations_app.jobs import JobRefused, start_job
from migrations_app.models import MigrationJob
from migrations_app.plans import Choices, fingerprint, make_plan, match_networks
from migrations_app.presets import with_defaults

INVENTORY_WITHIN_S = 60.0
LOOK_EVERY_S = 0.25


class CannotMove(Exception):
    """There is nothing to move, or nowhere to; the text says what to do."""


def wait_for_vm(name: str, within_s: float = INVENTORY_WITHIN_S) -> VirtualMachine:
    """The VM once inventory has it running on a host that responds. Raises CannotMove after `within_s`."""
    deadline = time.monotonic() + within_s
    while True:
        for host in Host.objects.all():
            refresh_host(host)
        vm = VirtualMachine.objects.select_related("host").filter(name=name, is_missing=False).first()
        if vm is not None and _is_movable(vm):
            return vm
        if time.monotonic() > deadline or not _may_come(vm):
            raise CannotMove(_why_not(name, vm))
        time.sleep(LOOK_EVERY_S)


def best_target(vm: VirtualMachine, name: str | None) -> RatedHost:
    """The named host, or the best rated one that can be chosen. Raises CannotMove."""
    rated = rate_hosts(vm)
    if name is not None:
        found = next((each for each in rated if each.host.name == name), None)
        if found is None:
            raise CannotMove(f"There is no host {name}. Hosts: {', '.join(each.host.name for each in rated)}.")
        return found
    if not rated or rated[0].rating.is_blocked:
        raise CannotMove(f"No host can take {vm.name}.")
    return rated[0]


def user_named(name: str) -> User:
    """Raises CannotMove."""
    user = User.objects.filter(username=name).first()
    if user is None:
        raise CannotMove(f"There is no user {name}.")
    return user


def open_job(vm: VirtualMachine) -> MigrationJob | None:
    """The move of this VM that an earlier start of Ferry left unfinished."""
    return MigrationJob.objects.filter(vm_uid=vm.uid, status__in=MigrationJob.OPEN).first()


def order_move(vm: VirtualMachine, target: Host, user: User | None = None) -> MigrationJob:
    """A move with what the wizard presets: the same folder and networks, the source's files go. Raises CannotMove.

    `user`: as whom. Without one it is ordered by whoever started this process: he has its keys and its database.
    """
    if user is not None and not (decision := can(user, Action.MIGRATE, vm, target)):
        raise CannotMove(decision.why_not)
    choices = Choices(
        vm=vm,
        target=target,
        folder=default_folder(vm, target),
        networks=match_networks(vm, target),
        fingerprint=fingerprint(vm),
    )
    try:
        return start_job(make_plan(with_defaults(choices)), user)
    except JobRefused as refused:
        raise CannotMove(str(refused)) from refused


def follow(job_pk: int, show: Callable[[MigrationJob], None]) -> MigrationJob:
    """Show the job again and again until it has ended."""
    while True:
        job = MigrationJob.objects.get(pk=job_pk)
        show(job)
        if not job.is_open:
            return job
        time.sleep(LOOK_EVERY_S)


def _is_movable(vm: VirtualMachine) -> bool:
    is_moving = open_job(vm) is not None
    return vm.host.state == Host.State.RESPONDING and (vm.state == VmState.RUNNING or is_moving)


def _may_come(vm: VirtualMachine | None) -> bool:
    """A host may answer yet, and a saved VM may be restored by it; a VM that is off stays off."""
    if Host.objects.exclude(state=Host.State.RESPONDING).exists():
        return True
    return vm is not None and vm.state != VmState.OFF


def _why_not(name: str, vm: VirtualMachine | None) -> str:
    if vm is not None and vm.host.state != Host.State.RESPONDING:
        return f"{vm.host.name}, where {name} is, does not respond. {vm.host.state_reason}".strip()
    if vm is not None:
        return f"{name} is {vm.status} on {vm.host.name}; only a running virtual machine is moved here."
    names = VirtualMachine.objects.filter(is_missing=False).values_list("name", flat=True)
    return f"No host has a virtual machine {name}. There are: {', '.join(sorted(names)) or 'none'}."
