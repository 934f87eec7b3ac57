"""Registers on the target a VM whose files are in place, and takes a registration away again."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import replace
from xml.etree import ElementTree as ET

from hosts.providers.errors import AlreadyExists, Incompatible, ProviderError, WrongState
from hosts.providers.libvirt import domain_xml
from hosts.providers.libvirt.constants import UndefineFlag, XmlFlag
from hosts.providers.libvirt.files import delete_own
from hosts.providers.libvirt.marking import confirm_mark, set_starts, write_mark
from hosts.providers.libvirt.marks import Mark, mark_of, with_mark
from hosts.providers.libvirt.networks import network_kinds
from hosts.providers.libvirt.reading import SAVE_FOLDER, DomainView, view
from hosts.providers.libvirt.rewriting import Unfit, rewrite
from hosts.providers.libvirt.session import Session
from hosts.providers.types import Registration, VmState

_FORGETTING = (
    UndefineFlag.MANAGED_SAVE
    | UndefineFlag.SNAPSHOTS_METADATA
    | UndefineFlag.CHECKPOINTS_METADATA
    | UndefineFlag.KEEP_NVRAM
)
_STANDS_STILL = (VmState.OFF, VmState.SAVED)


def register(session: Session, order: Registration) -> None:
    """As QuickMigrates.register.

    The domain is defined first, tagged and pointing at where its state lies; then the state is put where libvirt looks
    for one, and told of the new paths. Cut off in between, the next call goes on.
    """
    domain = session.find(order.uid)
    seen = _define(session, order) if domain is None else view(session, domain)
    if seen.mark is None or seen.mark.tag != order.tag:
        raise AlreadyExists(
            session.host, f"{seen.name}, with the same id, is on {session.host} and does not bear the tag {order.tag}."
        )
    if seen.mark.start_ordered_by == order.tag:
        return
    set_starts(session, seen, starts=False)
    try:
        _adopt_state(session, seen, order, seen.mark)
    except ProviderError:
        remove(session, seen)
        raise


def remove_vm(session: Session, uid: str, tag: str) -> None:
    """As QuickMigrates.remove_vm. What is paused here since its memory was sent is the shell of a VM that another host
    has: the console was cut off before libvirt's last word (see streaming)."""
    domain = session.find(uid)
    if domain is None:
        return
    seen = view(session, domain)
    known = confirm_mark(session, seen, tag)
    if seen.state is VmState.PAUSED and known.memory_sent_to is not None:
        session.refusals(domain.destroy)
    elif seen.state not in _STANDS_STILL:
        raise WrongState(
            session.host, f"{seen.name} is {seen.state.value}; only a virtual machine that is off or saved is removed."
        )
    remove(session, seen)


def remove(session: Session, seen: DomainView) -> None:
    """A saved state goes with the domain: the next one of this name would be restored from it."""
    with session.connection.refusals():
        seen.domain.undefineFlags(_FORGETTING)


def rebase(session: Session, order: Registration, domain: ET.Element) -> Mapping[str, str]:
    """Point every copied layer at the copy of the one below it; the format of each, by its path here."""
    written = {disk.location: disk.format for disk in domain_xml.disks_of(domain)}
    chains = [
        session.host_side.rebase_chain([here for _, here in disk.layers], written.get(disk.location, "qcow2"))
        for disk in order.disks
    ]
    return {layer.path: layer.format for chain in chains for layer in chain}


def fit(session: Session, order: Registration, formats: Mapping[str, str], *domains: ET.Element) -> None:
    """Rewrite what runs and what is kept for this host; `formats` as `rebase` gives them. Raises Incompatible with
    every reason."""
    networks = network_kinds(session)
    try:
        for domain in domains:
            rewrite(domain, order, formats, networks)
    except Unfit as unfit:
        raise Incompatible(session.host, f"{session.host} cannot take the virtual machine: {unfit}") from None


def _define(session: Session, order: Registration) -> DomainView:
    """The domain as its copied configuration says, fitted to this host."""
    text = session.host_side.read_files([order.config_path])[order.config_path]
    if text is None:
        raise Incompatible(
            session.host, f"{session.host} cannot take the virtual machine: {order.config_path} is missing."
        )
    domain = domain_xml.tree(text)
    known = mark_of(domain)
    if known is None or known.tag != order.tag or (domain.findtext("uuid") or "").lower() != order.uid:
        raise Incompatible(session.host, f"{order.config_path} on {session.host} is not of the VM that was marked.")
    here = replace(
        known,
        start_ordered_by=None,
        live_path=_placed(order, known.live_path),
        state_path=_placed(order, known.state_path),
    )
    _confirm_files(session, order, domain, here)
    fit(session, order, rebase(session, order, domain), domain)
    with_mark(domain, here)
    with session.connection.refusals():
        return view(session, session.hypervisor.defineXMLFlags(domain_xml.text_of(domain)))


def _confirm_files(session: Session, order: Registration, domain: ET.Element, known: Mark) -> None:
    """Raises Incompatible for all files that are missing, AlreadyExists for a state that would be restored instead."""
    layers = [here for disk in order.disks for _, here in disk.layers]
    nvram = _placed(order, domain_xml.nvram_of(domain))
    wanted = [path for path in (*layers, known.live_path, known.state_path, nvram) if path]
    saved = posixpath.join(SAVE_FOLDER, f"{domain.findtext('name')}.save")
    found = session.host_side.stat([*wanted, saved])
    if missing := [path for path in wanted if path not in found]:
        lacking = " ".join(f"{path} is missing." for path in missing)
        raise Incompatible(session.host, f"{session.host} cannot take the virtual machine: {lacking}")
    if saved in found:
        raise AlreadyExists(session.host, f"{saved} on {session.host} is the saved state of another virtual machine.")


def _adopt_state(session: Session, seen: DomainView, order: Registration, known: Mark) -> None:
    """Put the copied state where libvirt looks for it, with the XML of the domain as it ran, fitted to this host."""
    if known.state_path is not None:
        session.host_side.move_file(known.state_path, seen.saved_path)
        text = None
        if known.live_path is not None:
            text = session.host_side.read_files([known.live_path])[known.live_path]
        ran = domain_xml.tree(text or session.refusals(lambda: seen.domain.managedSaveGetXMLDesc(XmlFlag.SECURE)))
        fit(session, order, rebase(session, order, ran), ran)
        with_mark(ran, replace(known, live_path=None))
        session.refusals(lambda: seen.domain.managedSaveDefineXML(domain_xml.text_of(ran)))
    delete_own(session, known.tag, [path for path in (known.live_path, order.config_path) if path])
    write_mark(session, seen, replace(known, live_path=None))


def _placed(order: Registration, path: str | None) -> str | None:
    """Where a file of the VM that is no disk was copied to."""
    return posixpath.join(posixpath.dirname(order.config_path), posixpath.basename(path)) if path else None
