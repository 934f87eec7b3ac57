"""What Ferry calls of libvirt-python, typed: it has no annotations of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Stats = Mapping[str, Any]


class Domain(Protocol):
    """virDomain."""

    def name(self) -> str: ...
    def UUIDString(self) -> str: ...  # noqa: N802
    def XMLDesc(self, flags: int = 0) -> str: ...  # noqa: N802
    def state(self, flags: int = 0) -> Sequence[int]: ...
    def info(self) -> Sequence[int]: ...
    def isActive(self) -> int: ...  # noqa: N802
    def isPersistent(self) -> int: ...  # noqa: N802
    def autostart(self) -> int: ...
    def setAutostart(self, autostart: int) -> int: ...  # noqa: N802
    def setMetadata(self, kind: int, metadata: str | None, key: str | None, uri: str, flags: int = 0) -> int: ...  # noqa: N802
    def hasManagedSaveImage(self, flags: int = 0) -> int: ...  # noqa: N802
    def managedSave(self, flags: int = 0) -> int: ...  # noqa: N802
    def managedSaveGetXMLDesc(self, flags: int = 0) -> str: ...  # noqa: N802
    def managedSaveDefineXML(self, dxml: str, flags: int = 0) -> int: ...  # noqa: N802
    def create(self) -> int: ...
    def suspend(self) -> int: ...
    def resume(self) -> int: ...
    def shutdown(self) -> int: ...
    def destroy(self) -> int: ...
    def undefineFlags(self, flags: int = 0) -> int: ...  # noqa: N802
    def snapshotCreateXML(self, xml: str, flags: int = 0) -> object: ...  # noqa: N802
    def listAllSnapshots(self, flags: int = 0) -> Sequence[Any]: ...  # noqa: N802
    def blockCommit(self, disk: str, base: str | None, top: str | None, bandwidth: int = 0, flags: int = 0) -> int: ...  # noqa: N802
    def blockJobInfo(self, disk: str, flags: int = 0) -> Stats: ...  # noqa: N802
    def blockJobAbort(self, disk: str, flags: int = 0) -> int: ...  # noqa: N802
    def blockInfo(self, path: str, flags: int = 0) -> Sequence[int]: ...  # noqa: N802
    def interfaceAddresses(self, source: int, flags: int = 0) -> Mapping[str, Any]: ...  # noqa: N802
    def jobInfo(self) -> Sequence[int]: ...  # noqa: N802
    def jobStats(self, flags: int = 0) -> Stats: ...  # noqa: N802
    def abortJob(self) -> int: ...  # noqa: N802
    def migrate3(self, destination: Hypervisor, parameters: Mapping[str, object], flags: int = 0) -> Domain: ...
    def migrateSetMaxDowntime(self, downtime_ms: int, flags: int = 0) -> int: ...  # noqa: N802
    def migrateSetMaxSpeed(self, mib_per_s: int, flags: int = 0) -> int: ...  # noqa: N802


class Network(Protocol):
    """virNetwork."""

    def name(self) -> str: ...
    def UUIDString(self) -> str: ...  # noqa: N802
    def XMLDesc(self, flags: int = 0) -> str: ...  # noqa: N802


class StoragePool(Protocol):
    """virStoragePool."""

    def name(self) -> str: ...
    def XMLDesc(self, flags: int = 0) -> str: ...  # noqa: N802
    def info(self) -> Sequence[int]: ...
    def refresh(self, flags: int = 0) -> int: ...


class Hypervisor(Protocol):
    """virConnect."""

    def getHostname(self) -> str: ...  # noqa: N802
    def getInfo(self) -> Sequence[Any]: ...  # noqa: N802
    def getLibVersion(self) -> int: ...  # noqa: N802
    def getVersion(self) -> int: ...  # noqa: N802
    def getCapabilities(self) -> str: ...  # noqa: N802
    def getMemoryStats(self, cell: int, flags: int = 0) -> Mapping[str, int]: ...  # noqa: N802
    def getCPUStats(self, cpu: int, flags: int = 0) -> Mapping[str, int]: ...  # noqa: N802
    def getAllDomainStats(self, stats: int = 0, flags: int = 0) -> Sequence[tuple[Domain, Stats]]: ...  # noqa: N802
    def lookupByUUIDString(self, uid: str) -> Domain: ...  # noqa: N802
    def listAllDomains(self, flags: int = 0) -> Sequence[Domain]: ...  # noqa: N802
    def listAllNetworks(self, flags: int = 0) -> Sequence[Network]: ...  # noqa: N802
    def listAllStoragePools(self, flags: int = 0) -> Sequence[StoragePool]: ...  # noqa: N802
    def listAllInterfaces(self, flags: int = 0) -> Sequence[Any]: ...  # noqa: N802
    def defineXMLFlags(self, xml: str, flags: int = 0) -> Domain: ...  # noqa: N802
    def setKeepAlive(self, interval: int, count: int) -> int: ...  # noqa: N802
    def close(self) -> int: ...
