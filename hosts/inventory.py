"""What exists: the only writer of inventory rows. Hosts are added, asked, changed and removed here.

One refresh of a host runs at a time, in whichever process: it holds a lease in the host's row (`refresh_until`),
and what it learned is only written while it still holds it. A worker that dies lets the lease run out.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction
from django.db.models import ProtectedError, Q
from django.utils import timezone

from hosts.asking import Answer, Trouble, ask, ask_all, ask_load
from hosts.audit import Deed
from hosts.audit import record as record_deed
from hosts.host_facts import facts_of
from hosts.locking import lock_inventory
from hosts.models import Host, HostGroup, LoadSample, VirtualMachine
from hosts.move_defaults import move_defaults
from hosts.providers.base import Provider
from hosts.providers.types import Secret, Transport
from hosts.records import record, record_load, record_nonsense, record_state
from hosts.secrets import SealedSecret

ROOT_GROUP = "All Hosts"
ANEW_WITHIN_S = 30.0
_LOOK_EVERY_S = 0.2
_NONE: Mapping[Host, Provider] = {}

_CONNECTION_FIELDS = (
    "name",
    "address",
    "port",
    "transport",
    "ca_pem",
    "host_key",
    "username",
    "password",
    "move_limit_bytes_per_s",
    "max_moves_in",
    "max_moves_out",
)

# As needed_by says; the others need a password.
_NEEDED = {
    Transport.LIBVIRT_SSH: (True, "Enter the private key."),
    Transport.LIBVIRT_TLS: (False, "Enter the client's certificate and its key."),
    Transport.LIBVIRT_TCP: (False, ""),
}


@dataclass(frozen=True, slots=True)
class NewHost:
    """How a host is to be reached, how fast moves may be there (0: no limit) and how many at a time; None: as before,
    for a new host as the migration defaults say.

    Without a group it comes into the root group.
    """

    name: str
    address: str
    username: str
    password: Secret
    port: int = 5985
    transport: Transport = Transport.NTLM_HTTP
    ca_pem: str = ""
    host_key: str = ""
    move_limit_bytes_per_s: int | None = None
    max_moves_in: int | None = None
    max_moves_out: int | None = None
    group: HostGroup | None = None
    kind: Host.Kind = Host.Kind.HYPERV


class HostRefused(Exception):
    """The host was not added or changed, because it could not be asked; `trouble` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble


class HostBusy(Exception):
    """The host cannot be removed now; the message says why."""


def needed_by(transport: Transport) -> tuple[bool, str]:
    """Whether a user's name is needed, and the sentence that asks for the secret ("": none is needed)."""
    return _NEEDED.get(transport, (True, "Enter the password."))


def root_group() -> HostGroup:
    """The group that every other is in; made when it is missing."""
    return HostGroup.objects.get_or_create(name=ROOT_GROUP, parent=None)[0]


def add_host(new: NewHost, by: User | None, *, must_answer: bool = False) -> Host:
    """The host, asked at once: its `state` says how it is, and a host that failed stays listed with the reason.

    Raises ValidationError (its `message_dict` has the fields). With `must_answer` a host that cannot be asked
    raises HostRefused instead, and nothing is stored.
    """
    moves = move_defaults()
    host = Host(group=new.group or root_group(), added_by=by, kind=new.kind)
    host.max_moves_in, host.max_moves_out = moves.max_moves_in, moves.max_moves_out
    _point(host, new)
    _check(host)
    answer = ask(host)
    _insist(answer, must_answer)
    _save_new(host, by)
    _write(host, answer)
    return host


def add_this_machine(by: User | None, name: str = "") -> Host:
    """The machine that the console runs on, as a host that is watched only. Raises ValidationError as add_host does."""
    own = NewHost(name or platform.node(), "localhost", "", Secret(""), kind=Host.Kind.THIS_MACHINE)
    return add_host(own, by)


def change_host(host: Host, new: NewHost, *, must_answer: bool = False) -> Host:
    """The host, reached in another way from now on; `host` itself stays as it is. Raises as add_host does.

    A refresh that is under way in the old way is void.
    """
    changed = copy(host)
    _point(changed, new)
    _check(changed)
    answer = ask(changed)
    _insist(answer, must_answer)
    changed.refresh_until = None
    with transaction.atomic():
        changed.save(update_fields=[*_CONNECTION_FIELDS, "refresh_until"])
        is_kept = isinstance(new.password, SealedSecret)
        after = facts_of(changed) | ({} if is_kept else {"password": "entered anew"})
        record_deed(Deed.HOST_CHANGED, f"Host {host.name}", facts_of(host), after)
    _write(changed, answer)
    return changed


def remove_host(host: Host) -> None:
    """Forget the host and what is on it; on the host itself nothing changes. Raises HostBusy."""
    with transaction.atomic():
        lock_inventory()
        if host.vms.filter(activity=VirtualMachine.Activity.UNDER_MIGRATION).exists():
            raise HostBusy(f"A virtual machine of {host.name} is under migration.")
        try:
            record_deed(Deed.HOST_REMOVED, f"Host {host.name}", facts_of(host))
            host.delete()
        except ProtectedError:
            raise HostBusy(f"A running job uses {host.name}.") from None


def set_maintenance(host: Host, *, is_on: bool) -> None:
    """In maintenance mode a host is no target for moves; its VMs may leave it."""
    with transaction.atomic():
        host.is_in_maintenance, was_on = is_on, host.is_in_maintenance
        host.save(update_fields=["is_in_maintenance"])
        record_deed(Deed.HOST_MAINTENANCE, f"Host {host.name}", {"maintenance": was_on}, {"maintenance": is_on})


def refresh_host(host: Host) -> bool:
    """Ask the host and write what it said: facts, volumes, networks, VMs, load, and its state.

    Raises no ProviderError: a host that fails gets a state and a reason. False when a refresh of this host was
    under way already, or the host was changed or removed meanwhile: then nothing is written.
    """
    lease = _take_lease(host)
    return lease is not None and _write(host, ask(host), lease)


def refresh_anew(*hosts: Host, through: Mapping[Host, Provider] = _NONE, wants_load: bool = False) -> Collection[Host]:
    """As refresh_host of each, all asked at the same time, `through` the connections that are there; their load only
    where it is wanted. A refresh that is under way is waited for: it began before we asked. `hosts` have what the rows
    say then. Returns those that could not be asked within ANEW_WITHIN_S."""
    deadline, waiting = time.monotonic() + ANEW_WITHIN_S, set(hosts)
    while waiting and time.monotonic() < deadline:
        waiting.difference_update(_refresh_all(list(waiting), through, wants_load))
        if waiting:
            time.sleep(_LOOK_EVERY_S)
    for host in hosts:
        host.refresh_from_db()
    return waiting


def sample_host(host: Host) -> LoadSample | None:
    """The load alone, as a row and as the latest of the host and its VMs; None when the host failed (see its state)."""
    answer = ask_load(host)
    with transaction.atomic():
        if answer.load is not None:
            return record_load(host, answer, answer.load)
        host.save(update_fields=record_state(host, answer))
    return None


def set_activity(vm: VirtualMachine, activity: VirtualMachine.Activity) -> None:
    """What Ferry does with the VM; refreshes leave it alone."""
    vm.activity, vm.settled_at = activity, timezone.now()
    VirtualMachine.objects.filter(pk=vm.pk).update(activity=activity, settled_at=vm.settled_at)


def relocate_vm(vm_pk: int, target: Host) -> None:
    """The VM is on `target` now: its row goes there with its history, and replaces what stood there for it."""
    now = timezone.now()
    with transaction.atomic():
        lock_inventory()
        row = VirtualMachine.objects.get(pk=vm_pk)
        VirtualMachine.objects.filter(host=target, uid=row.uid).exclude(pk=vm_pk).delete()
        VirtualMachine.objects.filter(pk=vm_pk).update(host=target, is_missing=False, settled_at=now, load_count=0)
        Host.objects.filter(pk__in=[row.host_id, target.pk]).update(load_since=now, load_count=0)


def _point(host: Host, new: NewHost) -> None:
    host.name, host.address, host.port = new.name.strip(), new.address.strip(), new.port
    host.transport, host.ca_pem = new.transport.value, new.ca_pem.strip()
    host.username, host.password, host.host_key = new.username.strip(), new.password, new.host_key.strip()
    for name in ("move_limit_bytes_per_s", "max_moves_in", "max_moves_out"):
        if (given := getattr(new, name)) is not None:
            setattr(host, name, given)


def _check(host: Host) -> None:
    """Look at what a person entered, and at nothing that a host told. A stored password is not opened for it."""
    is_here = host.kind == Host.Kind.THIS_MACHINE
    looked_at = {"name"} if is_here else set(_CONNECTION_FIELDS)
    host.full_clean(exclude={field.name for field in Host._meta.fields} - looked_at)
    if is_here:
        return
    for field, sentence in _missing(host):
        raise ValidationError({field: sentence})


def _missing(host: Host) -> Iterator[tuple[str, str]]:
    """What the transport needs and nobody entered, by field."""
    needs_user, secret = needed_by(Transport(host.transport))
    if needs_user and not host.username:
        yield "username", "Enter the user's name."
    if secret and not isinstance(host.password, SealedSecret) and not host.password.reveal():
        yield "password", secret


def _save_new(host: Host, by: User | None) -> None:
    """Somebody else may have added a host of this name since it was checked."""
    try:
        with transaction.atomic():
            host.save()
            record_deed(Deed.HOST_ADDED, f"Host {host.name}", {}, facts_of(host), by)
    except IntegrityError:
        raise ValidationError({"name": f"There is a host named {host.name} already."}) from None


def _insist(answer: Answer, must_answer: bool) -> None:
    if must_answer and answer.facts is None and answer.trouble is not None:
        raise HostRefused(answer.trouble)


def _take_lease(host: Host) -> datetime | None:
    """Until when the refresh is ours alone, or None when another one is under way."""
    now = timezone.now()
    until = now + timedelta(seconds=3 * settings.REFRESH_EVERY_S)
    free = Host.objects.filter(pk=host.pk).filter(Q(refresh_until=None) | Q(refresh_until__lt=now))
    return until if free.update(refresh_until=until) else None


def _refresh_all(hosts: Sequence[Host], through: Mapping[Host, Provider], wants_load: bool) -> list[Host]:
    """Returns those that were written."""
    ours = [(host, lease) for host in hosts if (lease := _take_lease(host)) is not None]
    answers = ask_all([host for host, _ in ours], through, wants_load=wants_load)
    return [host for (host, lease), answer in zip(ours, answers, strict=True) if _write(host, answer, lease)]


def _write(host: Host, answer: Answer, lease: datetime | None = None) -> bool:
    """Record the answer if the lease is still ours. Figures that the rows refuse are recorded as a trouble."""
    try:
        with transaction.atomic():
            lock_inventory()
            if not _is_ours(host, lease):
                return False
            record(host, answer)
    except (DataError, IntegrityError, OverflowError):
        with transaction.atomic():
            if _is_ours(host, lease):
                record_nonsense(host, answer)
    return True


def _is_ours(host: Host, lease: datetime | None) -> bool:
    """Give the lease back; False when somebody else has it by now."""
    return Host.objects.filter(pk=host.pk, refresh_until=lease).update(refresh_until=None) == 1
