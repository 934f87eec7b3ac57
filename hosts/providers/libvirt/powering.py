"""Starts and ends a domain for a person, never for a job: one that bears a job's mark is left alone."""

from __future__ import annotations

from hosts.providers.errors import WrongState
from hosts.providers.libvirt.outage import bring_up
from hosts.providers.libvirt.reading import DomainView, view
from hosts.providers.libvirt.session import Session
from hosts.providers.types import VmState

_STANDS = (VmState.OFF, VmState.SAVED, VmState.PAUSED)


def start_vm(session: Session, uid: str) -> None:
    """As Powers.start_vm."""
    seen = _unmarked(session, uid)
    _require(session, seen, "started", *_STANDS, VmState.RUNNING)
    if seen.state in _STANDS:
        bring_up(session, seen)


def shut_down(session: Session, uid: str) -> None:
    """As Powers.shut_down, by ACPI or the guest's agent as libvirt chooses. Nobody knows whether a guest heard ACPI."""
    seen = _unmarked(session, uid)
    _require(session, seen, "shut down", VmState.RUNNING, VmState.STOPPING, VmState.OFF)
    if seen.state is VmState.RUNNING:
        session.refusals(seen.domain.shutdown)


def save_vm(session: Session, uid: str) -> None:
    """As Powers.save_vm: a managed save."""
    seen = _unmarked(session, uid)
    _require(session, seen, "saved", VmState.RUNNING, VmState.PAUSED, VmState.SAVED)
    if seen.state is not VmState.SAVED:
        session.refusals(seen.domain.managedSave)


def turn_off(session: Session, uid: str) -> None:
    """As Powers.turn_off."""
    seen = _unmarked(session, uid)
    _require(session, seen, "turned off", VmState.RUNNING, VmState.PAUSED, VmState.STOPPING, VmState.OFF)
    if seen.is_active:
        session.refusals(seen.domain.destroy)


def _unmarked(session: Session, uid: str) -> DomainView:
    """The VM. Raises WrongState when a job has it, or when its host would forget it."""
    seen = view(session, session.domain(uid))
    if (known := seen.mark) is not None:
        raise WrongState(
            session.host,
            f"{seen.name} bears the tag {known.tag} of a move on {session.host} and is left alone: "
            "it may run on another host.",
        )
    if not seen.is_persistent:
        raise WrongState(session.host, f"{seen.name} is transient: {session.host} would forget it when it stops.")
    return seen


def _require(session: Session, seen: DomainView, done: str, *states: VmState) -> None:
    if seen.state not in states:
        raise WrongState(session.host, f"{seen.name} cannot be {done}: it is {seen.state.value}.")
