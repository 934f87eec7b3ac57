"""Which files the VMs of a host use, and the deleting of a job's files that respects them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from hosts.providers.errors import NotFound, Refused, WrongState
from hosts.providers.libvirt import domain_xml
from hosts.providers.libvirt.constants import POOLS_ACTIVE
from hosts.providers.libvirt.reading import DomainView, view
from hosts.providers.libvirt.session import Session
from hosts.providers.types import VmState

_BETWEEN = (VmState.STARTING, VmState.SAVING, VmState.STOPPING)


def delete_files(session: Session, tag: str, paths: Sequence[str]) -> Sequence[str]:
    """As QuickMigrates.delete_files."""
    return session.host_side.delete_files(tag, paths, used=used_files(session), kept_folders=kept_folders(session))


def clear_traces(session: Session, tag: str, destinations: Sequence[str] | None) -> None:
    """As QuickMigrates.clear_traces; called inside the fence."""
    used: Sequence[str] = ()
    if destinations is not None:
        for seen in views(session):
            if seen.mark is not None and seen.mark.tag == tag and seen.state in _BETWEEN:
                raise WrongState(session.host, f"{seen.name} is {seen.state.value}; nothing was deleted.")
        used = used_files(session)
    session.host_side.clear_traces(tag, destinations=destinations, used=used, kept_folders=kept_folders(session))


def delete_own(session: Session, tag: str, paths: Sequence[str]) -> None:
    """Delete small files that the job keeps beside the disks; one that is gone is no matter."""
    if paths:
        session.host_side.delete_files(tag, paths, used=(), kept_folders=kept_folders(session))


def views(session: Session) -> Iterator[DomainView]:
    """Every domain of the host; one that goes away meanwhile is left out."""
    for domain in session.refusals(session.hypervisor.listAllDomains):
        with contextlib.suppress(NotFound):
            yield view(session, domain)


def used_files(session: Session) -> tuple[str, ...]:
    """Everything that the VMs registered here use."""
    used: dict[str, None] = {}
    for seen in views(session):
        used |= dict.fromkeys((*seen.state_paths, *domain_xml.dvd_paths_of(seen.live)))
        for disk in (*domain_xml.disks_of(seen.live), *domain_xml.disks_of(seen.kept)):
            if disk.path is not None and disk.path not in used:
                used |= dict.fromkeys(_chain(session, disk.path, disk.format))
    return tuple(used)


def kept_folders(session: Session) -> tuple[str, ...]:
    """Folders that stay, even when empty: those of the storage pools, and where images usually lie."""
    with session.connection.refusals():
        pools = [pool_folder(pool.XMLDesc()) for pool in session.hypervisor.listAllStoragePools(POOLS_ACTIVE)]
    return (*(folder for folder in pools if folder), domain_xml.IMAGES_FOLDER)


def pool_folder(pool_xml: str) -> str | None:
    """The folder of a pool whose volumes are files; None for one of block devices."""
    pool: ET.Element = domain_xml.tree(pool_xml)
    return pool.findtext("target/path") if pool.get("type") in ("dir", "fs", "netfs") else None


def _chain(session: Session, path: str, disk_format: str) -> tuple[str, ...]:
    """A chain that is broken already has no readable parents; its own file is listed all the same."""
    try:
        return (path, *(layer.path for layer in session.host_side.chain(path, disk_format)))
    except Refused:
        return (path,)
