"""Reads a domain as types.Vm: its XML, its state, and what the host's own side knows of its files."""

from __future__ import annotations

import contextlib
import posixpath
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from hosts.providers.errors import ProviderError, Refused
from hosts.providers.libvirt import domain_xml, marks
from hosts.providers.libvirt.constants import (
    ADDRESSES_FROM_AGENT,
    ADDRESSES_FROM_ARP,
    ADDRESSES_FROM_LEASES,
    DomainState,
    PausedReason,
    XmlFlag,
)
from hosts.providers.libvirt.domains import Domain
from hosts.providers.libvirt.host_calls import FileFacts
from hosts.providers.libvirt.session import Session
from hosts.providers.types import Adapter, Checkpoint, Disk, DiskLayer, StateFile, Vm, VmState

CONFIG_FOLDER = "/etc/libvirt/qemu"
SAVE_FOLDER = "/var/lib/libvirt/qemu/save"
_LOOKS = 4
_LOOK_AGAIN_S = 0.25

_STATES = {
    DomainState.RUNNING: VmState.RUNNING,
    DomainState.BLOCKED: VmState.RUNNING,
    DomainState.PAUSED: VmState.PAUSED,
    DomainState.PMSUSPENDED: VmState.PAUSED,
    DomainState.SHUTDOWN: VmState.STOPPING,
    DomainState.SHUTOFF: VmState.OFF,
}
_PAUSED = {
    PausedReason.SAVE: VmState.SAVING,
    PausedReason.STARTING_UP: VmState.STARTING,
}


@dataclass(frozen=True, slots=True)
class DomainView:
    """A domain at one moment. `live` is the XML of what runs, `kept` of what the next start would run; the mark is
    always that of `kept`."""

    domain: Domain
    state: VmState
    live: ET.Element
    kept: ET.Element
    is_active: bool
    is_persistent: bool

    @property
    def name(self) -> str:
        return self.kept.findtext("name") or ""

    @property
    def uid(self) -> str:
        return (self.kept.findtext("uuid") or "").lower()

    @property
    def mark(self) -> marks.Mark | None:
        return marks.mark_of(self.kept)

    @property
    def config_path(self) -> str:
        return posixpath.join(CONFIG_FOLDER, f"{self.name}.xml")

    @property
    def saved_path(self) -> str:
        """Where libvirt keeps the state of a domain that it saved by itself."""
        return posixpath.join(SAVE_FOLDER, f"{self.name}.save")

    @property
    def state_paths(self) -> tuple[str, ...]:
        """Where files that are no disk may lie: configuration, firmware variables, kept XML, saved state."""
        mark = self.mark
        nvram = domain_xml.nvram_of(self.live)
        paths = (self.config_path, nvram, mark.live_path if mark else None, self.saved_path)
        return tuple(path for path in paths if path)


def view(session: Session, domain: Domain) -> DomainView:
    """Raises ProviderError. A domain that is off is `saved` when libvirt has a state of it to restore. One whose memory
    arrives from another host is kept by libvirt only when it is whole; until then it is starting."""
    with session.connection.refusals():
        state, reason = domain.state()[:2]
        is_active, is_persistent = bool(domain.isActive()), bool(domain.isPersistent())
        live = domain_xml.tree(domain.XMLDesc(0))
        kept = domain_xml.tree(domain.XMLDesc(XmlFlag.INACTIVE)) if is_active and is_persistent else live
        is_arriving = (state, reason) == (DomainState.PAUSED, PausedReason.MIGRATION) and not is_persistent
        stands = VmState.STARTING if is_arriving else _state(state, reason)
        seen = DomainView(domain, stands, live, kept, is_active, is_persistent)
        if seen.state is VmState.OFF and _has_saved_state(session, seen):
            seen = DomainView(domain, VmState.SAVED, live, kept, is_active, is_persistent)
    return seen


def read_vm(session: Session, domain: Domain, *, is_survey: bool = False) -> Vm:
    """For a survey of a host a disk that cannot be read is an empty shell, because one must not hide a whole host, and
    the addresses of the guest are asked for, which may take seconds. Otherwise what could not be read is looked at
    again: a merge takes files away while they are read. Raises ProviderError."""
    for attempt in range(1, _LOOKS + 1):
        try:
            return _vm(session, view(session, domain), is_survey=is_survey)
        except Refused:
            if attempt == _LOOKS:
                raise
        time.sleep(_LOOK_AGAIN_S)
    raise AssertionError


def _is_merging(session: Session, seen: DomainView, checkpoints: tuple[Checkpoint, ...]) -> bool:
    """A commit below the written layer shows in the job alone, one of the written layer in the XML as well. QEMU is
    asked only where there is something of a job to merge: while a VM moves, the question would hang."""
    if domain_xml.has_block_job(seen.live):
        return seen.state is not VmState.STARTING
    mark = seen.mark
    if mark is None or not seen.is_active or not any(each.name.startswith(f"{mark.tag}-") for each in checkpoints):
        return False
    with session.connection.refusals():
        return any(seen.domain.blockJobInfo(disk.device) for disk in domain_xml.disks_of(seen.live) if disk.path)


def _state(state: int, reason: int) -> VmState:
    if state == DomainState.PAUSED and reason in _PAUSED:
        return _PAUSED[PausedReason(reason)]
    return _STATES.get(DomainState(state), VmState.OTHER) if state in _STATES else VmState.OTHER


def _has_saved_state(session: Session, seen: DomainView) -> bool:
    """libvirt's own answer misses a state file that was put in its place; a start restores it all the same."""
    if session.calls is not None and session.calls.stat([seen.saved_path]):
        return True
    return bool(seen.domain.hasManagedSaveImage())


def _vm(session: Session, seen: DomainView, *, is_survey: bool) -> Vm:
    files = session.calls.stat(seen.state_paths) if session.calls else {}
    mark = seen.mark
    disks = tuple(_disks(session, seen, is_survey=is_survey))
    checkpoints = _checkpoints(session, seen, disks)
    with session.connection.refusals():
        info = seen.domain.info()
        starts = bool(seen.domain.autostart()) if seen.is_persistent else False
    return Vm(
        uid=seen.uid,
        name=seen.name,
        state=seen.state,
        generation=2 if domain_xml.is_uefi(seen.live) else 1,
        version=domain_xml.machine_of(seen.live),
        cpu_count=domain_xml.cpu_count_of(seen.live),
        cpu_percent=0.0,
        memory_mb=info[2] // 1024 if seen.is_active else 0,
        memory_demand_mb=info[2] // 1024 if seen.is_active else 0,
        memory_startup_mb=domain_xml.memory_mb_of(seen.live),
        has_dynamic_memory=False,
        uptime_s=0,
        notes=marks.notes_of(seen.kept),
        folder=domain_xml.folder_of(seen.live),
        config_path=seen.config_path,
        start_action=marks.STARTS if starts else marks.HELD,
        start_ordered_by=mark.start_ordered_by if mark else None,
        is_merging=_is_merging(session, seen, checkpoints),
        is_clustered=False,
        is_replicated=False,
        has_assigned_device=domain_xml.has_device_of_host(seen.live),
        is_emulated=domain_xml.is_emulated(seen.live),
        has_processor_compatibility=domain_xml.has_named_processor(seen.kept),
        dvd_paths=domain_xml.dvd_paths_of(seen.live),
        disks=disks,
        adapters=_adapters(seen, _addresses(session, seen) if is_survey else {}),
        checkpoints=checkpoints,
        state_files=tuple(_state_files(seen, files)),
    )


def _disks(session: Session, seen: DomainView, *, is_survey: bool) -> Iterator[Disk]:
    for disk in domain_xml.disks_of(seen.live):
        layers, size, is_dynamic = _layers(session, seen, disk, is_survey=is_survey)
        yield Disk(
            location=disk.location,
            size_bytes=size,
            is_dynamic=is_dynamic,
            layers=layers,
            is_pass_through=disk.path is None,
            is_shared=disk.is_shared,
        )


def _layers(
    session: Session, seen: DomainView, disk: domain_xml.DiskXml, *, is_survey: bool
) -> tuple[tuple[DiskLayer, ...], int, bool]:
    """The chain, what the guest sees as the disk's size, and whether its file grows with what is written."""
    if disk.path is None:
        return (), 0, False
    if session.calls is None:
        return _layers_by_libvirt(session, seen, disk.path)
    try:
        chain = session.calls.chain(disk.path, disk.format)
    except Refused:
        if not is_survey:
            raise
        return (DiskLayer(disk.path, None, 0, ""),), 0, False
    layers = tuple(DiskLayer(layer.path, layer.backing_path, layer.size_bytes, layer.stamp) for layer in chain)
    is_sparse = chain[-1].allocated_bytes < chain[-1].virtual_size_bytes
    return layers, chain[-1].virtual_size_bytes, disk.format != "raw" or is_sparse


def _layers_by_libvirt(session: Session, seen: DomainView, path: str) -> tuple[tuple[DiskLayer, ...], int, bool]:
    """Without the host's own side: the written layer alone, and no stamp."""
    size, allocated, physical = 0, 0, 0
    with contextlib.suppress(ProviderError), session.connection.refusals():
        size, allocated, physical = seen.domain.blockInfo(path)
    return (DiskLayer(path, None, physical, ""),), size, allocated < size


def _adapters(seen: DomainView, addresses: Mapping[str, tuple[str, ...]]) -> tuple[Adapter, ...]:
    return tuple(
        Adapter(
            adapter_id=adapter.mac,
            name=f"Adapter {number} ({adapter.model})" if adapter.model else f"Adapter {number}",
            mac=adapter.mac.upper(),
            network_name=adapter.network,
            vlan_id=adapter.vlan,
            addresses=addresses.get(adapter.mac, ()),
        )
        for number, adapter in enumerate(domain_xml.adapters_of(seen.live), start=1)
    )


def _addresses(session: Session, seen: DomainView) -> Mapping[str, tuple[str, ...]]:
    """By MAC: what the guest's agent says, what libvirt's own DHCP gave, what the host has spoken to. A source that
    does not answer is no matter."""
    if seen.state is not VmState.RUNNING:
        return {}
    agent = [ADDRESSES_FROM_AGENT] if domain_xml.has_agent(seen.live) else []
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for source in (*agent, ADDRESSES_FROM_LEASES, ADDRESSES_FROM_ARP):
        with contextlib.suppress(ProviderError), session.connection.refusals():
            for device in seen.domain.interfaceAddresses(source).values():
                addresses = (each["addr"] for each in device.get("addrs") or ())
                found[str(device.get("hwaddr", "")).lower()] |= dict.fromkeys(addresses)
    return {mac: tuple(addresses) for mac, addresses in found.items()}


def _checkpoints(session: Session, seen: DomainView, disks: tuple[Disk, ...]) -> tuple[Checkpoint, ...]:
    """Ours are read off the chains; the user's own are libvirt's snapshots."""
    layers = (layer.path for disk in disks for layer in disk.layers)
    ours = dict.fromkeys(name for path in layers if (name := domain_xml.checkpoint_of(path)))
    with session.connection.refusals():
        trees = [domain_xml.tree(each.getXMLDesc()) for each in seen.domain.listAllSnapshots()]
    theirs = [(each.findtext("name") or "", each.findtext("parent/name")) for each in trees]
    return (*(Checkpoint(name, name, None) for name in ours), *(Checkpoint(name, name, up) for name, up in theirs))


def _state_files(seen: DomainView, files: Mapping[str, FileFacts]) -> Iterator[StateFile]:
    for path in seen.state_paths:
        if path in files and (path != seen.saved_path or seen.state is VmState.SAVED):
            yield StateFile(path, files[path].size_bytes, files[path].stamp)
