"""libvirt's numbers under libvirt's names: its ABI never changes them, and libvirt-python may be missing."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class DomainState(IntEnum):
    RUNNING = 1
    BLOCKED = 2
    PAUSED = 3
    SHUTDOWN = 4
    SHUTOFF = 5
    CRASHED = 6
    PMSUSPENDED = 7


class PausedReason(IntEnum):
    USER = 1
    MIGRATION = 2
    SAVE = 3
    DUMP = 4
    IOERROR = 5
    FROM_SNAPSHOT = 7
    SNAPSHOT = 9
    STARTING_UP = 11
    POSTCOPY = 12


class XmlFlag(IntFlag):
    SECURE = 1
    INACTIVE = 2
    MIGRATABLE = 8


class Affect(IntFlag):
    LIVE = 1
    CONFIG = 2


class SnapshotFlag(IntFlag):
    NO_METADATA = 4
    DISK_ONLY = 16
    ATOMIC = 128


class UndefineFlag(IntFlag):
    MANAGED_SAVE = 1
    SNAPSHOTS_METADATA = 2
    KEEP_NVRAM = 8
    CHECKPOINTS_METADATA = 16


class MigrateFlag(IntFlag):
    LIVE = 1
    PERSIST_DEST = 8
    UNDEFINE_SOURCE = 16
    PAUSED = 32
    NON_SHARED_DISK = 64
    UNSAFE = 512
    ABORT_ON_ERROR = 4096
    AUTO_CONVERGE = 8192


class StatsFlag(IntFlag):
    """Of getAllDomainStats; NOWAIT is a flag of the call itself."""

    STATE = 1
    CPU_TOTAL = 2
    BALLOON = 4
    VCPU = 8
    INTERFACE = 16
    BLOCK = 32


ALL_STATS_NOWAIT = 1 << 29
METADATA_ELEMENT = 2
BLOCK_COMMIT_ACTIVE = 4
BLOCK_JOB_ABORT_PIVOT = 2
NETWORKS_ACTIVE = 2
POOLS_ACTIVE = 2
INTERFACES_ACTIVE = 2
ADDRESSES_FROM_LEASES = 0
ADDRESSES_FROM_AGENT = 1
ADDRESSES_FROM_ARP = 2
CPU_STATS_ALL = -1
MEMORY_STATS_ALL = -1
JOB_NONE = 0
JOB_STATS_COMPLETED = 1


class ErrorCode(IntEnum):
    """virErrorNumber: what Ferry tells apart."""

    INTERNAL_ERROR = 1
    NO_MEMORY = 2
    NO_SUPPORT = 3
    UNKNOWN_HOST = 4
    NO_CONNECT = 5
    INVALID_ARG = 8
    OPERATION_FAILED = 9
    XML_ERROR = 27
    DOM_EXIST = 28
    OPERATION_DENIED = 29
    RPC = 39
    SYSTEM_ERROR = 38
    GNUTLS_ERROR = 40
    NO_DOMAIN = 42
    NO_NETWORK = 43
    AUTH_FAILED = 45
    NO_STORAGE_POOL = 49
    NO_STORAGE_VOL = 50
    OPERATION_INVALID = 55
    NO_DOMAIN_SNAPSHOT = 72
    CONFIG_UNSUPPORTED = 67
    OPERATION_TIMEOUT = 68
    MIGRATE_PERSIST_FAILED = 69
    AUTH_CANCELLED = 79
    MIGRATE_UNSAFE = 81
    OPERATION_ABORTED = 78
    OPERATION_UNSUPPORTED = 84
    AGENT_UNRESPONSIVE = 86
    RESOURCE_BUSY = 87
    ACCESS_DENIED = 88
    STORAGE_VOL_EXIST = 90
    CPU_INCOMPATIBLE = 91
