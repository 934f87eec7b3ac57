"""What workers do with orders to start, shut down, save and turn off a virtual machine.

The row is the truth: an order whose worker died, or whose host did not answer, ends as not known, and the host is asked
how the VM is. Nothing is tried twice. A call that comes late is refused by its host: the claim is the VM's, and its
number that of the order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from hosts.audit import record
from hosts.connect import connect
from hosts.inventory import refresh_anew
from hosts.models import Host, PowerOrder, VirtualMachine
from hosts.providers.claims import Claim
from hosts.providers.errors import HostUnreachable, NotAHypervisor, ProviderError
from hosts.providers.power import Powers
from hosts.providers.types import Vm, VmState
from hosts.secrets import KeyMissing
from migrations_app.power_lease import held, lease_end
from migrations_app.power_words import Verb, words_of

State = PowerOrder.State

# An order that no worker takes up: all of them are busy with longer ones, or there is none.
_TAKEN_UP_WITHIN = timedelta(minutes=10)

_IS_SHUTTING_DOWN = Q(state=State.RUNNING, verb=Verb.SHUT_DOWN, told_at__isnull=False)
_ACTS: dict[Verb, Callable[[Powers, str], Vm]] = {
    Verb.START: lambda host, uid: host.start_vm(uid),
    Verb.SHUT_DOWN: lambda host, uid: host.shut_down(uid),
    Verb.SAVE: lambda host, uid: host.save_vm(uid),
    Verb.TURN_OFF: lambda host, uid: host.turn_off(uid),
}


def carry_out(order_pk: int) -> None:
    """Nothing if it is gone, or another worker has it."""
    queued = PowerOrder.objects.filter(pk=order_pk, state=State.QUEUED)
    if not queued.update(state=State.RUNNING, began_at=timezone.now(), lease_until=lease_end()):
        return
    with held(order_pk):
        _act(order_pk)


def follow_shut_downs(host_pk: int) -> None:
    """Look, in one connection, at the VMs of a host whose guests were asked to shut down."""
    orders = PowerOrder.objects.filter(_IS_SHUTTING_DOWN, vm__host=host_pk).select_related("vm__host", "asked_by")
    if not (open_orders := list(orders)):
        return
    try:
        with _connected(open_orders[0].vm.host) as host:
            states = {order.pk: _state_on(host, order) for order in open_orders}
    except (ProviderError, KeyMissing):
        states = {}
    for order in open_orders:
        state = states.get(order.pk, VmState.OTHER)
        if state in (VmState.OFF, None):
            _look_how_it_ended(order, f"{order.vm.name} was off, or gone from {order.vm.host.name}.")
        elif _is_too_late(order):
            refresh_anew(order.vm.host)
            _end(order, State.FAILED, *_deaf(order))


def settle(order_pk: int) -> None:
    """End an order whose worker has not said how it ended, or that none took up: then nothing was done."""
    order = _read(order_pk)
    if order is None or not order.is_open:
        return
    if order.began_at is None:
        text = f"No worker took the order up, so {order.vm.name} was not {words_of(order).done}."
        _end(order, State.FAILED, text, "Look at Administration, About: it says whether workers run.", was=State.QUEUED)
    else:
        _look_how_it_ended(order, f"The worker that had the order for {order.vm.name} has not said how it ended.")


def due_orders(now: datetime) -> tuple[list[int], list[int], list[int]]:
    """Keys of orders to carry out, of hosts whose shut-downs are to be looked at, and of orders to settle."""
    orders = PowerOrder.objects.filter(state__in=PowerOrder.OPEN).select_related("vm").order_by("pk")
    begin, follow, ended = [], set(), []
    for order in orders:
        if order.began_at is None and order.asked_at > now - _TAKEN_UP_WITHIN:
            begin.append(order.pk)
        elif order.told_at is not None:
            follow.add(order.vm.host_id)
        elif order.lease_until is None or order.lease_until < now:
            ended.append(order.pk)
    return begin, sorted(follow), ended


def _act(order_pk: int) -> None:
    order = _read(order_pk)
    if order is None:
        return
    try:
        with _connected(order.vm.host) as host:
            host.claim(_claim(order))
            told = _ACTS[Verb(order.verb)](host, order.vm.uid)
    except HostUnreachable as error:
        _look_how_it_ended(order, error.message)
    except (ProviderError, KeyMissing) as error:
        refresh_anew(order.vm.host)
        _end(order, State.FAILED, *_told_by(error))
    else:
        _go_on(order, told)


def _read(order_pk: int) -> PowerOrder | None:
    """None when its VM or its host was removed from Ferry meanwhile."""
    return PowerOrder.objects.filter(pk=order_pk).select_related("vm__host", "asked_by").first()


def _claim(order: PowerOrder) -> Claim:
    """One for each VM on a host. No job's begins with 0; a Ferry that is set up anew has added its hosts anew."""
    return Claim(f"0{order.vm_id}-{int(order.vm.host.added_at.timestamp())}", fence=order.pk)


@contextmanager
def _connected(host: Host) -> Iterator[Powers]:
    """Raises ProviderError, KeyMissing."""
    with connect(host) as provider:
        if not isinstance(provider, Powers):
            raise NotAHypervisor(host.name, f"Ferry only watches the virtual machines of {host.name}.")
        yield provider


def _go_on(order: PowerOrder, told: Vm) -> None:
    """A guest that was asked to shut down takes its time; everything else is done."""
    if order.verb == Verb.SHUT_DOWN and told.state is not VmState.OFF:
        PowerOrder.objects.filter(pk=order.pk, state=State.RUNNING).update(told_at=timezone.now())
        return
    refresh_anew(order.vm.host)
    _end(order, State.DONE)


def _state_on(host: Powers, order: PowerOrder) -> VmState | None:
    found = host.find_vm(order.vm.uid)
    return found.state if found is not None else None


def _is_too_late(order: PowerOrder) -> bool:
    assert order.told_at is not None
    return order.told_at < timezone.now() - timedelta(seconds=settings.SHUT_DOWN_WITHIN_S)


def _deaf(order: PowerOrder) -> tuple[str, str]:
    minutes = f"{settings.SHUT_DOWN_WITHIN_S / 60:.3g} minutes"
    text = f"{order.vm.name} did not shut down within {minutes}: its guest did not hear it, or waits for something."
    return text, "Look at its screen, try again, or turn it off."


def _look_how_it_ended(order: PowerOrder, reason: str) -> None:
    """The host is asked how the VM is now: as it was ordered, or nobody knows."""
    vm, host, words = order.vm, order.vm.host, words_of(order)
    refresh_anew(host)
    row = VirtualMachine.objects.filter(pk=vm.pk).first()
    is_answered = host.state == Host.State.RESPONDING and row is not None and not row.is_missing
    if is_answered and row is not None and row.state == words.ends:
        return _end(order, State.DONE)
    text = f"{reason} Whether {vm.name} was {words.done} is not known."
    if is_answered and row is not None:
        row.activity = ""
        _end(order, State.UNKNOWN, f"{text} {host.name} was asked again: {row.name} is {row.status}.", "")
    else:
        _end(order, State.UNKNOWN, f"{text} {host.name} could not be asked again.", host.state_action)
    return None


def _told_by(error: ProviderError | KeyMissing) -> tuple[str, str]:
    if isinstance(error, ProviderError):
        return error.message, error.action
    return "No key in the keys file opens the password that is stored for the host.", "Enter the password again."


def _end(order: PowerOrder, state: State, failure: str = "", action: str = "", was: State = State.RUNNING) -> None:
    """The order's end, its VM's row and the audit log, in one transaction; nothing when it has ended already."""
    words, vm = words_of(order), order.vm
    with transaction.atomic():
        row = PowerOrder.objects.filter(pk=order.pk, state=was)
        if not row.update(state=state, ended_at=timezone.now(), failure=failure, action=action):
            return
        VirtualMachine.objects.filter(pk=vm.pk, activity=words.activity).update(activity="")
        now = VirtualMachine.objects.select_related("host").get(pk=vm.pk).status
        result = {"status": now} | ({"failure": failure} if failure else {})
        about = f"{vm.name} on {vm.host.name}"
        record(words.deed, about, {"status": words.activity.label}, result, by=order.asked_by)
