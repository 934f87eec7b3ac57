"""What libvirt's errors are in words of errors.py: by its code, and by its text where one code means many things."""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass

from hosts.providers.errors import (
    AccessDenied,
    AlreadyExists,
    CertificateUntrusted,
    HostKeyUntrusted,
    HostUnreachable,
    Incompatible,
    NotAHypervisor,
    NotEnoughMemory,
    NotEnoughSpace,
    NotFound,
    ProtocolError,
    ProviderError,
    Refused,
    WrongState,
)
from hosts.providers.libvirt.constants import ErrorCode

FROM_RPC = 7

CHECK_HOST = "Check that the host is on, its name resolves, and libvirt answers by the chosen transport."
INSTALL = "Install libvirt with QEMU on the host (on Debian: libvirt-daemon-system and qemu-system) and start it."
CHECK_LOGIN = "Check the user and the key, and that the user may manage virtual machines (root, or the group libvirt)."

# What to do about what goes wrong with a KVM host, where the error does not say it itself.
ACTIONS: dict[type[ProviderError], str] = {
    HostUnreachable: CHECK_HOST,
    AccessDenied: CHECK_LOGIN,
    NotAHypervisor: INSTALL,
    ProtocolError: "Check that the port is that of SSH or libvirt, and retry.",
    Refused: "Look at the journal of libvirtd on the host (journalctl -u libvirtd) and retry the job.",
}

_BY_CODE: dict[int, type[ProviderError]] = {
    ErrorCode.NO_MEMORY: NotEnoughMemory,
    ErrorCode.UNKNOWN_HOST: HostUnreachable,
    ErrorCode.NO_CONNECT: HostUnreachable,
    ErrorCode.RPC: HostUnreachable,
    ErrorCode.DOM_EXIST: AlreadyExists,
    ErrorCode.STORAGE_VOL_EXIST: AlreadyExists,
    ErrorCode.NO_DOMAIN: NotFound,
    ErrorCode.NO_NETWORK: NotFound,
    ErrorCode.NO_STORAGE_POOL: NotFound,
    ErrorCode.NO_STORAGE_VOL: NotFound,
    ErrorCode.OPERATION_INVALID: WrongState,
    ErrorCode.OPERATION_TIMEOUT: WrongState,
    ErrorCode.RESOURCE_BUSY: WrongState,
    ErrorCode.CONFIG_UNSUPPORTED: Incompatible,
    ErrorCode.CPU_INCOMPATIBLE: Incompatible,
    ErrorCode.OPERATION_DENIED: AccessDenied,
    ErrorCode.AUTH_FAILED: AccessDenied,
    ErrorCode.AUTH_CANCELLED: AccessDenied,
    ErrorCode.ACCESS_DENIED: AccessDenied,
    ErrorCode.GNUTLS_ERROR: CertificateUntrusted,
}

# QEMU's and the kernel's own words come as INTERNAL_ERROR, OPERATION_FAILED or SYSTEM_ERROR. The first that fits.
_BY_TEXT: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = (
    (re.compile(r"already exists with uuid"), AlreadyExists),
    (re.compile(r"cannot set up guest memory|cannot allocate memory", re.IGNORECASE), NotEnoughMemory),
    (re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE), NotEnoughSpace),
    (re.compile(r"certificate|TLS handshake", re.IGNORECASE), CertificateUntrusted),
    (re.compile(r"no connection driver available", re.IGNORECASE), NotAHypervisor),
    (re.compile(r"-sock.*permission denied", re.IGNORECASE), AccessDenied),
    (re.compile(r"host key verification failed", re.IGNORECASE), HostKeyUntrusted),
    (re.compile(r"permission denied \(|authentication (failed|required)"), AccessDenied),
    (re.compile(r"keepalive timeout|socket (is )?closed|end of file while reading|broken pipe", re.I), HostUnreachable),
    (re.compile(r"unsupported machine type|(does not|doesn't) support|incompatible", re.IGNORECASE), Incompatible),
)

_BY_ERRNO: dict[int, type[ProviderError]] = {
    errno.ENOENT: NotFound,
    errno.EEXIST: AlreadyExists,
    errno.ENOMEM: NotEnoughMemory,
    errno.ENOSPC: NotEnoughSpace,
    errno.EACCES: AccessDenied,
}


@dataclass(frozen=True, slots=True)
class LibvirtFailure:
    """A libvirtError as plain values; `number` is the errno of a SYSTEM_ERROR."""

    code: int
    domain: int
    message: str
    number: int = 0


def refusal_of(host: str, failure: LibvirtFailure, *, is_opening: bool = False) -> ProviderError:
    """`is_opening`: while the connection is made, what nobody can name means that the host was not reached."""
    kind = _kind(failure, is_opening=is_opening)
    action = ACTIONS.get(kind, "")
    is_closed = kind is HostUnreachable and "connection refused" in failure.message.lower()
    text = f"libvirt says: {_sentence(failure.message)}"
    return kind(host, text, kind="NothingListens" if is_closed else "", action=action)


def _kind(failure: LibvirtFailure, *, is_opening: bool) -> type[ProviderError]:
    for pattern, kind in _BY_TEXT:
        if pattern.search(failure.message):
            return kind
    if is_opening or failure.domain == FROM_RPC:
        return _BY_CODE.get(failure.code, HostUnreachable)
    if failure.code == ErrorCode.SYSTEM_ERROR:
        return _BY_ERRNO.get(failure.number, Refused)
    return _BY_CODE.get(failure.code, Refused)


def _sentence(text: str) -> str:
    """On one line, with a full stop."""
    return " ".join(text.split()).rstrip(".") + "."
