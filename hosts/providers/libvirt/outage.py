"""Around the outage: a VM is frozen, saved, paused, and started again where it is to run."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

from hosts.providers.errors import ProviderError, WrongState
from hosts.providers.libvirt import domain_xml
from hosts.providers.libvirt.constants import SnapshotFlag, XmlFlag
from hosts.providers.libvirt.files import delete_files
from hosts.providers.libvirt.marking import confirm_mark, forget_files, set_starts, write_mark
from hosts.providers.libvirt.marks import STARTS, Mark
from hosts.providers.libvirt.reading import DomainView, read_vm, view
from hosts.providers.libvirt.session import Session
from hosts.providers.types import VmState

SETTLE_S = 60.0
_LOOK_EVERY_S = 0.1
_BETWEEN = (VmState.STARTING, VmState.SAVING, VmState.STOPPING)
_CAN_FREEZE = (VmState.RUNNING, VmState.PAUSED, VmState.OFF)
_FREEZING = SnapshotFlag.DISK_ONLY | SnapshotFlag.ATOMIC | SnapshotFlag.NO_METADATA


def checkpoint(session: Session, uid: str, name: str) -> None:
    """As QuickMigrates.checkpoint: an overlay for every disk, all at one moment, or none. libvirt keeps no snapshot of
    it: the chain tells. A saved VM is refused, because its state names the layer that it wrote."""
    domain = session.domain(uid)
    vm, seen = read_vm(session, domain), view(session, domain)
    if name in [made.name for made in vm.checkpoints]:
        return
    if seen.state not in _CAN_FREEZE or vm.is_merging:
        raise WrongState(session.host, f"{seen.name} cannot take a checkpoint now: it is {seen.state.value}.")
    order, made = _snapshot(seen, name)
    if left := list(session.host_side.stat(made)):
        delete_files(
            session, _tag_of(name), left
        )  # of an attempt that was cut off: they bear the job's tag, and no chain has them
    with session.connection.refusals():
        domain.snapshotCreateXML(order, _FREEZING)


def save(session: Session, uid: str, tag: str) -> None:
    """As QuickMigrates.save. The XML of what runs is kept beforehand: reading it out of the saved state later would
    prolong the outage."""
    seen = view(session, session.domain(uid))
    known = confirm_mark(session, seen, tag)
    set_starts(session, seen, starts=False)
    if seen.state in (VmState.RUNNING, VmState.PAUSED):
        _keep_live_xml(session, seen, replace(known, state_path=seen.saved_path))
        session.refusals(seen.domain.managedSave)
    while (now := view(session, seen.domain)).state is VmState.SAVING:
        time.sleep(_LOOK_EVERY_S)
    if now.state not in (VmState.SAVED, VmState.OFF):
        raise WrongState(session.host, f"{now.name} cannot be saved: it is {now.state.value}.")


def pause(session: Session, uid: str, tag: str) -> None:
    """As StreamsState.pause."""
    seen = view(session, session.domain(uid))
    confirm_mark(session, seen, tag)
    if seen.state not in (VmState.RUNNING, VmState.PAUSED):
        raise WrongState(session.host, f"{seen.name} cannot be paused: it is {seen.state.value}.")
    set_starts(session, seen, starts=False)
    if seen.state is VmState.RUNNING:
        session.refusals(seen.domain.suspend)


def start(session: Session, uid: str, tag: str) -> None:
    """As QuickMigrates.start. QEMU itself announces the guest's addresses to the network after a restore."""
    seen = settled(session, uid)
    known = confirm_mark(session, seen, tag)
    is_due = seen.state in (VmState.SAVED, VmState.OFF, VmState.PAUSED)
    if is_due:
        _start_as_ordered(session, seen, known)
        seen = settled(session, uid)
    if seen.state is not VmState.RUNNING:
        raise WrongState(session.host, f"{seen.name} does not run: it is {seen.state.value}.")
    set_starts(session, seen, starts=known.start_action == STARTS)
    forget_files(session, seen, known)
    ordered_by = tag if is_due else known.start_ordered_by
    write_mark(session, seen, Mark(tag, known.start_action, ordered_by))


def settled(session: Session, uid: str) -> DomainView:
    """The VM when it is no longer between two states, or as it is after a minute."""
    deadline = time.monotonic() + SETTLE_S
    while (seen := view(session, session.domain(uid))).state in _BETWEEN and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S)
    return seen


def _keep_live_xml(session: Session, seen: DomainView, known: Mark) -> None:
    """Write the XML of what runs to a file beside the disks, and note it in the mark: it travels with them."""
    path = posixpath.join(domain_xml.folder_of(seen.live), f"{seen.name}.{known.tag}.xml")
    text = session.refusals(lambda: seen.domain.XMLDesc(XmlFlag.SECURE | XmlFlag.MIGRATABLE))
    session.host_side.write_file(path, text, may_replace=True)
    write_mark(session, seen, replace(known, live_path=path))


def _start_as_ordered(session: Session, seen: DomainView, known: Mark) -> None:
    """Note the order, then start. An order that was noted before this call is never taken away: the VM may have run."""
    is_first = known.start_ordered_by != known.tag
    if is_first:
        write_mark(session, seen, replace(known, start_ordered_by=known.tag))
    try:
        bring_up(session, seen)
    except ProviderError:
        now = settled(session, seen.uid)
        if is_first and now.state is seen.state:
            write_mark(session, now, known)
        if now.state is not VmState.RUNNING:
            raise


def bring_up(session: Session, seen: DomainView) -> None:
    """Resume, restore or boot. A state that cannot be read is found first: libvirt would delete a cut-off one and boot
    the VM afresh."""
    if seen.state is VmState.PAUSED:
        session.refusals(seen.domain.resume)
        return
    if seen.state is VmState.SAVED:
        session.refusals(seen.domain.managedSaveGetXMLDesc)
    session.refusals(seen.domain.create)


def _tag_of(name: str) -> str:
    """Of a checkpoint's name, such as "ferry-71-1"."""
    return name.rpartition("-")[0]


def _snapshot(seen: DomainView, name: str) -> tuple[str, Sequence[str]]:
    """The order for libvirt, and the overlays that it makes."""
    root, paths = ET.Element("domainsnapshot"), []
    disks = ET.SubElement(root, "disks")
    for disk in domain_xml.disks_of(seen.live):
        element = ET.SubElement(disks, "disk", name=disk.device, snapshot="external" if disk.path else "no")
        if disk.path:
            path = domain_xml.overlay_path(disk.path, name)
            paths.append(path if path not in paths else f"{disk.path}.{name}.qcow2")
            ET.SubElement(element, "driver", type="qcow2")
            ET.SubElement(element, "source", file=paths[-1])
    return domain_xml.text_of(root), paths
