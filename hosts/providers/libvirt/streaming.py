"""Sends a VM's memory into the target's QEMU: migrations of libvirt that are led by the console.

Paused, over disks that are in place; or live, with the disks, while the VM runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

from hosts.providers.errors import AlreadyExists, WrongState
from hosts.providers.libvirt import domain_xml
from hosts.providers.libvirt.constants import MigrateFlag, XmlFlag
from hosts.providers.libvirt.files import delete_own
from hosts.providers.libvirt.marking import confirm_mark, set_starts, write_mark
from hosts.providers.libvirt.marks import Mark, with_mark
from hosts.providers.libvirt.reading import DomainView, view
from hosts.providers.libvirt.registering import fit, rebase
from hosts.providers.libvirt.session import Session
from hosts.providers.types import Registration, VmState

_PAUSED = MigrateFlag.UNSAFE | MigrateFlag.PERSIST_DEST | MigrateFlag.PAUSED
_LIVE = MigrateFlag.LIVE | MigrateFlag.NON_SHARED_DISK | MigrateFlag.PERSIST_DEST | MigrateFlag.AUTO_CONVERGE
_KEPT = XmlFlag.INACTIVE | XmlFlag.SECURE
_RAN = XmlFlag.MIGRATABLE | XmlFlag.SECURE
_MIB = 1 << 20
_NO_LIMIT_MIB = 1 << 20


def send_state(here: Session, there: Session, address: str, order: Registration) -> None:
    """As StreamsState.send_state; `address` is the target's, as the source reaches it."""
    seen = view(here, here.domain(order.uid))
    known = confirm_mark(here, seen, order.tag)
    if _state_there(there, order) is VmState.PAUSED:
        if seen.state is VmState.PAUSED and known.memory_sent_to is not None:
            here.refusals(seen.domain.destroy)
        return
    if seen.state is not VmState.PAUSED:
        raise WrongState(here.host, f"{seen.name} is {seen.state.value}; only a paused virtual machine is sent.")
    ran, kept = _trees(here, seen)
    fit(there, order, rebase(there, order, ran), ran, kept)
    migrate = _ordered(here, there, address, seen, known, ran, kept, _PAUSED)
    here.refusals(migrate)
    delete_own(there, order.tag, [order.config_path])


def live_move(
    here: Session, there: Session, address: str, order: Registration, limit_bytes_per_s: int, max_pause_ms: int
) -> Callable[[], None] | None:
    """Prepare both hosts; returns what moves the VM, or None when it runs on the target already. Every disk becomes one
    file there, of the format that is written here."""
    seen = view(here, here.domain(order.uid))
    known = confirm_mark(here, seen, order.tag)
    if _state_there(there, order) is VmState.RUNNING:
        return None
    if seen.state is not VmState.RUNNING:
        raise WrongState(here.host, f"{seen.name} is {seen.state.value}; only a running virtual machine is moved live.")
    ran, kept = _trees(here, seen)
    fit(there, order, formats := _formats(seen, order), ran, kept)
    _make_disks(here, there, seen, order, formats)
    set_starts(here, seen, starts=False)
    here.refusals(lambda: seen.domain.migrateSetMaxDowntime(max_pause_ms))
    return _ordered(here, there, address, seen, known, ran, kept, _LIVE, bandwidth=speed_mib(limit_bytes_per_s))


def speed_mib(limit_bytes_per_s: int) -> int:
    """A limit in libvirt's unit, MiB/s; less than one there is not."""
    return max(1, limit_bytes_per_s // _MIB) if limit_bytes_per_s else _NO_LIMIT_MIB


def migration_uri(address: str) -> str:
    """Where QEMU there waits for QEMU here. libvirt chooses the port; without this it would name the host by its own
    name, which the other one may not know."""
    return f"tcp://[{address}]" if ":" in address else f"tcp://{address}"


def _trees(here: Session, seen: DomainView) -> tuple[ET.Element, ET.Element]:
    """The XML of what runs and of what is kept."""
    with here.connection.refusals():
        return domain_xml.tree(seen.domain.XMLDesc(_RAN)), domain_xml.tree(seen.domain.XMLDesc(_KEPT))


def _ordered(
    here: Session,
    there: Session,
    address: str,
    seen: DomainView,
    known: Mark,
    ran: ET.Element,
    kept: ET.Element,
    flags: int,
    **parameters: object,
) -> Callable[[], None]:
    """The migration as a call, with both marks: of where the memory goes here, and of the order to start there."""
    write_mark(here, seen, replace(known, memory_sent_to=there.host))
    for domain in (ran, kept):
        with_mark(domain, Mark(known.tag, known.start_action, start_ordered_by=known.tag))
    parameters["destination_xml"], parameters["persistent_xml"] = domain_xml.text_of(ran), domain_xml.text_of(kept)
    parameters["migrate_uri"] = migration_uri(address)
    target = there.hypervisor

    def migrate() -> None:
        seen.domain.migrate3(target, parameters, flags)

    return migrate


def _state_there(there: Session, order: Registration) -> VmState | None:
    """None when the VM is not there. Raises AlreadyExists for one of somebody else, WrongState while it arrives."""
    domain = there.find(order.uid)
    if domain is None:
        return None
    found = view(there, domain)
    if found.mark is None or found.mark.tag != order.tag:
        raise AlreadyExists(
            there.host, f"{found.name}, with the same id, is on {there.host} and is not of {order.tag}."
        )
    if found.state not in (VmState.PAUSED, VmState.RUNNING):
        raise WrongState(there.host, f"{found.name} is {found.state.value} on {there.host}.")
    return found.state


def _formats(seen: DomainView, order: Registration) -> dict[str, str]:
    """Of the one file of every disk on the target."""
    places = {disk.location: disk.layers[-1][1] for disk in order.disks}
    return {places[disk.location]: disk.format for disk in domain_xml.disks_of(seen.live) if disk.location in places}


def _make_disks(here: Session, there: Session, seen: DomainView, order: Registration, formats: dict[str, str]) -> None:
    """libvirt would make them only in a storage pool, and only where the pool's list is true."""
    places = {disk.location: disk.layers[-1][1] for disk in order.disks}
    for disk in domain_xml.disks_of(seen.live):
        if disk.path is not None:
            size = here.host_side.chain(disk.path, disk.format)[-1].virtual_size_bytes
            path = places[disk.location]
            there.host_side.create_disk(order.tag, path, formats[path], size)
