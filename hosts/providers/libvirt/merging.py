"""Merges a job's checkpoints away: by QEMU while the VM runs, by qemu-img while it is off."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hosts.providers.errors import WrongState, refusal
from hosts.providers.libvirt import domain_xml
from hosts.providers.libvirt.constants import BLOCK_COMMIT_ACTIVE, BLOCK_JOB_ABORT_PIVOT
from hosts.providers.libvirt.files import delete_files
from hosts.providers.libvirt.host_calls import ChainLayer
from hosts.providers.libvirt.reading import DomainView, view
from hosts.providers.libvirt.session import Session
from hosts.providers.types import VmState, WorkState

# A small merge is over before anybody would ask again.
WAIT_S = 2.0
_LOOK_EVERY_S = 0.1
_RUNS = (VmState.RUNNING, VmState.PAUSED)


@dataclass(frozen=True, slots=True)
class _Run:
    """Layers of the job that lie one upon the other: they are merged into `base` in one go. `above` is None when the
    uppermost of them is the one that is written."""

    base: ChainLayer
    layers: Sequence[ChainLayer]
    above: ChainLayer | None


def merge_checkpoints(session: Session, uid: str, tag: str) -> bool:
    """Go on with the merge as far as is possible at once; whether it goes on. Overlays that no disk has any more are
    deleted: also those of an earlier call that was cut off."""
    deadline = time.monotonic() + WAIT_S
    while is_left := _step(session, uid, tag):
        if time.monotonic() > deadline:
            break
        time.sleep(_LOOK_EVERY_S)
    return is_left


def _step(session: Session, uid: str, tag: str) -> bool:
    seen = view(session, session.domain(uid))
    if seen.state in _RUNS:
        is_left = any(tuple(_merge_running(session, seen, disk, tag) for disk in _file_disks(seen)))
    elif seen.state is VmState.OFF:
        is_left = any(tuple(_merge_off(session, seen, disk, tag) for disk in _file_disks(seen)))
    elif _runs(session, seen, tag):
        raise WrongState(
            session.host, f"The checkpoints of {seen.name} cannot be merged now: it is {seen.state.value}."
        )
    else:
        is_left = False
    if not is_left:
        _delete_left(session, seen, tag)
    return is_left


def _merge_running(session: Session, seen: DomainView, disk: domain_xml.DiskXml, tag: str) -> bool:
    """Whether something of this disk is left to merge."""
    with session.connection.refusals():
        job = seen.domain.blockJobInfo(disk.device)
    if job:
        _pivot_when_ready(session, seen, disk)
        return True
    run = next(_runs_of(session, disk, tag), None)
    if run is None:
        return False
    with session.connection.refusals():
        if run.above is None:
            seen.domain.blockCommit(disk.device, run.base.path, None, 0, BLOCK_COMMIT_ACTIVE)
        else:
            seen.domain.blockCommit(disk.device, run.base.path, run.layers[-1].path)
    return True


def _pivot_when_ready(session: Session, seen: DomainView, disk: domain_xml.DiskXml) -> None:
    """The written layer was copied whole: from now on its base is written."""
    for element in domain_xml.disk_elements(seen.live):
        mirror = element.find("mirror")
        if domain_xml.location_of(element) == disk.location and mirror is not None and mirror.get("ready") == "yes":
            with session.connection.refusals():
                seen.domain.blockJobAbort(disk.device, BLOCK_JOB_ABORT_PIVOT)


def _merge_off(session: Session, seen: DomainView, disk: domain_xml.DiskXml, tag: str) -> bool:
    """Whether something of this disk is left to merge. qemu-img goes on by itself on the host; the domain is pointed
    at the base when that has everything, and until then at the layer, which stays whole."""
    run = next(_runs_of(session, disk, tag), None)
    if run is None:
        return False
    work = session.host_side.commit_layers(tag, f"commit-{disk.device}", run.layers[-1].path, run.base.path)
    if work.state in (WorkState.FAILED, WorkState.LOST):
        raise refusal(session.host, work.error_kind or "", work.error or f"{run.layers[-1].path} was not merged.")
    if work.state is WorkState.DONE:
        _point_at(session, seen, disk, run)
    return True


def _point_at(session: Session, seen: DomainView, disk: domain_xml.DiskXml, run: _Run) -> None:
    if run.above is not None:
        raise WrongState(session.host, f"{run.above.path} was made upon the job's layers; merge it first.")
    for element in domain_xml.disk_elements(seen.kept):
        if domain_xml.location_of(element) == disk.location:
            domain_xml.set_file(element, [(run.base.path, run.base.format)])
    with session.connection.refusals():
        session.hypervisor.defineXMLFlags(domain_xml.text_of(seen.kept))


def _runs(session: Session, seen: DomainView, tag: str) -> bool:
    return any(True for disk in _file_disks(seen) for _ in _runs_of(session, disk, tag))


def _runs_of(session: Session, disk: domain_xml.DiskXml, tag: str) -> Iterator[_Run]:
    """The uppermost first."""
    assert disk.path is not None
    chain = session.host_side.chain(disk.path, disk.format)
    top = len(chain) - 1
    while top > 0:
        low = top
        while low > 0 and _is_of(chain[low].path, tag):
            low -= 1
        if low < top:
            above = chain[top + 1] if top + 1 < len(chain) else None
            yield _Run(chain[low], chain[low + 1 : top + 1], above)
        top = min(low, top - 1)


def _delete_left(session: Session, seen: DomainView, tag: str) -> None:
    folders = {posixpath.dirname(disk.path) for disk in _file_disks(seen) if disk.path}
    stems = tuple(posixpath.splitext(disk.path)[0] for disk in _file_disks(seen) if disk.path)
    found = [posixpath.join(each, name) for each in folders for name in session.host_side.list_folder(each).files]
    if left := [path for path in found if _is_of(path, tag) and path.startswith(stems)]:
        delete_files(session, tag, left)


def _file_disks(seen: DomainView) -> list[domain_xml.DiskXml]:
    return [disk for disk in domain_xml.disks_of(seen.live) if disk.path]


def _is_of(path: str, tag: str) -> bool:
    name = domain_xml.checkpoint_of(path)
    return name is not None and name.startswith(f"{tag}-")
