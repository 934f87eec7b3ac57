"""Marks a domain, holds it, and takes both back; what every other verb asks of a mark."""

from __future__ import annotations

from dataclasses import replace

from hosts.providers.errors import AlreadyExists, WrongState
from hosts.providers.libvirt.constants import METADATA_ELEMENT, Affect
from hosts.providers.libvirt.files import delete_own
from hosts.providers.libvirt.marks import HELD, NAMESPACE, PREFIX, STARTS, Mark
from hosts.providers.libvirt.reading import DomainView, view
from hosts.providers.libvirt.session import Session
from hosts.providers.types import VmState


def mark(session: Session, uid: str, tag: str, *, hold: bool) -> None:
    """As QuickMigrates.mark."""
    seen = view(session, session.domain(uid))
    if not seen.is_persistent:
        raise WrongState(
            session.host,
            f"{seen.name} is transient: {session.host} would forget it when it stops.",
            action="Define it on its host (virsh define), then try again.",
        )
    known = seen.mark
    if known is not None and known.tag != tag:
        raise AlreadyExists(session.host, f"{seen.name} bears the tag {known.tag} of another job.")
    if known is None:
        action = STARTS if session.refusals(seen.domain.autostart) else HELD
        known = Mark(tag, action)
        write_mark(session, seen, known)
    if seen.state is VmState.SAVED and known.state_path is None:
        write_mark(session, seen, replace(known, state_path=seen.saved_path))
    if hold:
        set_starts(session, seen, starts=False)


def unmark(session: Session, uid: str, tag: str) -> None:
    """As QuickMigrates.unmark. The start action first: cut off between the two, the next call finds the mark."""
    domain = session.find(uid)
    if domain is None:
        return
    seen = view(session, domain)
    known = seen.mark
    if known is None or known.tag != tag:
        return
    set_starts(session, seen, starts=known.start_action == STARTS)
    forget_files(session, seen, known)
    write_mark(session, seen, None)


def confirm_mark(session: Session, seen: DomainView, tag: str) -> Mark:
    """The mark of this tag. Raises WrongState when the VM bears none or another one."""
    known = seen.mark
    if known is None or known.tag != tag:
        raise WrongState(session.host, f"{seen.name} does not bear the tag {tag} and is left alone.")
    return known


def write_mark(session: Session, seen: DomainView, known: Mark | None) -> None:
    """In what runs and in what is kept: a saved state takes the first along, everybody reads the second."""
    affected = Affect.CONFIG | (Affect.LIVE if seen.is_active else 0)
    text, prefix = (known.to_xml(), PREFIX) if known else (None, None)
    with session.connection.refusals():
        seen.domain.setMetadata(METADATA_ELEMENT, text, prefix, NAMESPACE, affected)


def set_starts(session: Session, seen: DomainView, *, starts: bool) -> None:
    """Whether the host starts the VM by itself."""
    with session.connection.refusals():
        if bool(seen.domain.autostart()) != starts:
            seen.domain.setAutostart(int(starts))


def forget_files(session: Session, seen: DomainView, known: Mark) -> None:
    """Delete what the job kept beside the disks of a VM, once nothing will be restored from it."""
    paths = [known.live_path]
    if seen.state is not VmState.SAVED and known.state_path != seen.saved_path:
        paths.append(known.state_path)
    delete_own(session, known.tag, [path for path in paths if path])
