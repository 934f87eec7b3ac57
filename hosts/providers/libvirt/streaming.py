"""Sends a paused VM's memory straight into the target's QEMU: a migration of libvirt that is led by the console."""

from __future__ import annotations

from dataclasses import replace

from hosts.providers.errors import AlreadyExists, WrongState
from hosts.providers.libvirt import domain_xml
from hosts.providers.libvirt.constants import MigrateFlag, XmlFlag
from hosts.providers.libvirt.files import delete_own
from hosts.providers.libvirt.marking import confirm_mark, write_mark
from hosts.providers.libvirt.marks import Mark, with_mark
from hosts.providers.libvirt.reading import DomainView, view
from hosts.providers.libvirt.registering import fit
from hosts.providers.libvirt.session import Session
from hosts.providers.types import Registration, VmState

_FLAGS = MigrateFlag.UNSAFE | MigrateFlag.PERSIST_DEST | MigrateFlag.PAUSED
_KEPT = XmlFlag.INACTIVE | XmlFlag.SECURE
_RAN = XmlFlag.MIGRATABLE | XmlFlag.SECURE


def send_state(here: Session, there: Session, address: str, order: Registration) -> None:
    """As StreamsState.send_state; `address` is the target's, as the source reaches it."""
    seen = view(here, here.domain(order.uid))
    known = confirm_mark(here, seen, order.tag)
    if _has_arrived(there, order):
        if seen.state is VmState.PAUSED and known.memory_sent_to is not None:
            here.refusals(seen.domain.destroy)
        return
    if seen.state is not VmState.PAUSED:
        raise WrongState(here.host, f"{seen.name} is {seen.state.value}; only a paused virtual machine is sent.")
    write_mark(here, seen, replace(known, memory_sent_to=there.host))
    ran, kept = _fitted(there, here, seen, order, Mark(order.tag, known.start_action, start_ordered_by=order.tag))
    parameters = {"destination_xml": ran, "persistent_xml": kept, "migrate_uri": migration_uri(address)}
    here.refusals(lambda: seen.domain.migrate3(there.hypervisor, parameters, _FLAGS))
    delete_own(there, order.tag, [order.config_path])


def migration_uri(address: str) -> str:
    """Where QEMU there waits for QEMU here. libvirt chooses the port; without this it would name the host by its own
    name, which the other one may not know."""
    return f"tcp://[{address}]" if ":" in address else f"tcp://{address}"


def _has_arrived(there: Session, order: Registration) -> bool:
    """Raises AlreadyExists for a VM of somebody else, WrongState while it arrives."""
    domain = there.find(order.uid)
    if domain is None:
        return False
    found = view(there, domain)
    if found.mark is None or found.mark.tag != order.tag:
        raise AlreadyExists(
            there.host, f"{found.name}, with the same id, is on {there.host} and is not of {order.tag}."
        )
    if found.state is not VmState.PAUSED:
        raise WrongState(there.host, f"{found.name} is {found.state.value} on {there.host}.")
    return True


def _fitted(there: Session, here: Session, seen: DomainView, order: Registration, mark: Mark) -> tuple[str, str]:
    """The XML of what runs and of what is kept, as the target takes them."""
    with here.connection.refusals():
        ran = domain_xml.tree(seen.domain.XMLDesc(_RAN))
        kept = domain_xml.tree(seen.domain.XMLDesc(_KEPT))
    fit(there, order, ran, kept)
    with_mark(ran, mark)
    with_mark(kept, mark)
    return domain_xml.text_of(ran), domain_xml.text_of(kept)
