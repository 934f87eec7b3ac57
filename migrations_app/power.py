"""Orders to start, shut down, save and turn off a virtual machine: what speaks against one, and how it is given.

Only a VM that no job has is touched. The rows are asked here, in the transaction that writes the order, and jobs ask
for orders in theirs; the host is asked for a job's mark again in the call that acts (hosts/providers/power.py).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from kombu.exceptions import OperationalError

from hosts.audit import record
from hosts.connect import has_capability
from hosts.models import Host, PowerOrder, VirtualMachine
from hosts.providers.power import Powers
from hosts.providers.types import VmState
from migrations_app import tasks
from migrations_app.models import MigrationJob
from migrations_app.power_words import ACTIVITIES, WORDS, Verb

logger = logging.getLogger(__name__)

# As hosts read them (hosts/providers/hyperv/shared/notes.ps1).
_MARK = re.compile(r"^\s*(ferry-[0-9]+)(?: (?:start-action=[A-Za-z]+|start-ordered))?\s*$", re.MULTILINE)
_STANDS_OR_RUNS = (VmState.OFF, VmState.SAVED, VmState.RUNNING)
_MAY_RUN = (VmState.RUNNING, VmState.PAUSED, VmState.STARTING, VmState.SAVING, VmState.STOPPING)


class PowerRefused(Exception):
    """It cannot be done now; the message is a sentence for the person who asked."""


def order_power(vm: VirtualMachine, verb: Verb, user: AbstractBaseUser | None) -> PowerOrder:
    """Write the order and wake a worker. The same order again, while it is open, is the same order.

    Raises PowerRefused, changing nothing.
    """
    words = WORDS[verb]
    with transaction.atomic():
        row = VirtualMachine.objects.select_for_update().get(pk=vm.pk)
        if known := row.power_orders.filter(verb=verb, state__in=PowerOrder.OPEN).first():
            return known
        if reason := why_not_power(row, verb):
            raise PowerRefused(reason)
        record(
            words.deed, f"{row.name} on {row.host.name}", {"status": row.status}, {"status": words.activity.label}, user
        )
        row.power_orders.all().delete()  # what came of them is in the audit log
        order = PowerOrder.objects.create(vm=row, verb=verb, asked_by_id=user.pk if user else None)
        VirtualMachine.objects.filter(pk=row.pk).update(activity=words.activity)
        transaction.on_commit(lambda: _wake_a_worker(order))
    return order


def why_not_power(vm: VirtualMachine, verb: Verb) -> str:
    """Why the VM cannot be started, shut down, saved or turned off now; empty when it can."""
    return next(_reasons(vm, verb), "")


def _wake_a_worker(order: PowerOrder) -> None:
    """With the broker away the order waits for the sweep, which finds it in the database."""
    try:
        tasks.carry_out_order.apply_async((order.pk,), expires=60)
    except OperationalError as error:
        logger.warning("No message could be sent for the order %s: %s", order.pk, error)


def _reasons(vm: VirtualMachine, verb: Verb) -> Iterator[str]:
    yield from _job_has_it(vm)
    yield from _out_of_reach(vm)
    words = WORDS[verb]
    if vm.state not in words.begins:
        yield f"{vm.name} {words.why_not_now}." if vm.state in _STANDS_OR_RUNS else f"{vm.name} is {vm.status}."
    if verb == Verb.SAVE and vm.has_assigned_device:
        yield f"{vm.name} has a device of its host assigned, so its state cannot be saved."
    if verb == Verb.START:
        yield from _runs_elsewhere(vm)


def _job_has_it(vm: VirtualMachine) -> Iterator[str]:
    """Also when a move has failed: the VM may run on the other host, and be off here because of that."""
    job = MigrationJob.objects.filter(vm_uid=vm.uid, status__in=MigrationJob.OPEN).only("pk").first()
    if job is not None:
        yield f"Job {job.pk} moves {vm.name}. Wait for its end, or cancel it."
    if vm.activity == VirtualMachine.Activity.MIGRATION_FAILED:
        yield f"The last move of {vm.name} did not come to its end. Repair it first."
    if mark := _MARK.search(vm.notes):
        yield f"{vm.name} bears the tag {mark[1]} of a move on {vm.host.name}: it may run on another host."


def _out_of_reach(vm: VirtualMachine) -> Iterator[str]:
    if vm.activity in ACTIVITIES:
        yield f"{vm.name} has an order already: {vm.status}"
    if vm.is_missing:
        yield f"{vm.host.name} did not list {vm.name} when it was asked last."
    if vm.host.state != Host.State.RESPONDING:
        yield f"{vm.host.name}, where {vm.name} is, does not respond."
    if not has_capability(vm.host, Powers):
        yield f"Ferry only watches the virtual machines of {vm.host.name}."
    if vm.is_clustered:
        yield f"{vm.name} is highly available. Use Failover Cluster Manager."


def _runs_elsewhere(vm: VirtualMachine) -> Iterator[str]:
    """The same VM, by its id, registered on another host as well."""
    others = VirtualMachine.objects.filter(uid=vm.uid, state__in=_MAY_RUN, is_missing=False).exclude(pk=vm.pk)
    for name in others.values_list("host__name", flat=True):
        yield f"{vm.name} runs on {name}, with the same id."
