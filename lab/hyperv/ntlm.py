"""The host's side of NTLM: who may log on, one security context per connection, sealed WinRM messages."""

from __future__ import annotations

import os
import re
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

# [MS-WSMV] 2.2.9.1: how an encrypted message is framed. Part headers start with a tab.
PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
CONTENT_TYPE = f'multipart/encrypted;protocol="{PROTOCOL}";boundary="Encrypted Boundary"'
_BOUNDARY = b"--Encrypted Boundary"
_OCTETS = b"\tContent-Type: application/octet-stream\r\n"
_LENGTH = re.compile(rb"Length=(\d+)")

_environ = threading.Lock()


@dataclass(frozen=True, slots=True)
class Login:
    r"""Who may log on, as "user" or "DOMAIN\user". Without `is_administrator` every shell is refused (code 5)."""

    username: str
    password: str = field(repr=False)
    is_administrator: bool = True

    def matches(self, username: str, password: str) -> bool:
        """For basic authentication, where the host sees the password itself."""
        return self.username.casefold() == username.casefold() and self.password == password


class Accounts:
    """The logins of one host. The password file that pyspnego reads lives in memory only; close it at the end."""

    def __init__(self, logins: Sequence[Login]) -> None:
        if any(":" in login.password or "\n" in login.password for login in logins):
            raise ValueError("A password of the lab must not contain a colon or a line break.")
        self.logins = tuple(logins)
        self._memory = os.memfd_create("accounts")
        lines = [f"{domain}:{user}:{login.password}\n" for login in logins for domain, user in [_split(login.username)]]
        os.write(self._memory, "".join(lines).encode())

    def close(self) -> None:
        os.close(self._memory)

    def context(self, bindings: GssChannelBindings | None) -> spnego.ContextProxy:
        with _environ:
            self._point_at_the_file()
            return spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm, channel_bindings=bindings)

    def step(self, context: spnego.ContextProxy, token: bytes) -> bytes | None:
        """One message of the handshake. Raises SpnegoError or ValueError for a wrong password or a broken token."""
        with _environ:
            self._point_at_the_file()
            return context.step(token)

    def find(self, username: str) -> Login | None:
        return next((login for login in self.logins if login.username.casefold() == username.casefold()), None)

    def _point_at_the_file(self) -> None:
        # pyspnego's acceptor takes its accounts from this variable only; several hosts share a process in tests.
        os.environ["NTLM_USER_FILE"] = f"/proc/self/fd/{self._memory}"


def _split(username: str) -> tuple[str, str]:
    domain, _, user = username.rpartition("\\")
    return domain, user


def unseal(context: spnego.ContextProxy, body: bytes) -> bytes:
    """The message inside a multipart/encrypted body of one or more parts; ValueError when it is not intact."""
    pieces = [piece for piece in body.split(_BOUNDARY + b"\r\n") if piece]
    if not pieces or len(pieces) % 2:
        raise ValueError("An encrypted message has pairs of parts.")
    return b"".join(_unseal_part(context, *pieces[i : i + 2]) for i in range(0, len(pieces), 2))


def _unseal_part(context: spnego.ContextProxy, header: bytes, payload: bytes) -> bytes:
    length = _LENGTH.search(header)
    sealed = payload.removesuffix(_BOUNDARY + b"--\r\n").removeprefix(_OCTETS)
    if length is None or len(sealed) < 4:
        raise ValueError("An encrypted part lacks its length.")
    (signature_bytes,) = struct.unpack("<i", sealed[:4])
    try:
        message = context.unwrap(sealed[4:]).data
    except SpnegoError:
        raise ValueError("An encrypted part does not match its signature.") from None
    if signature_bytes != 16 or len(message) != int(length[1]):
        raise ValueError("An encrypted part has another length than announced.")
    return message


def seal(context: spnego.ContextProxy, message: bytes) -> bytes:
    """A multipart/encrypted body of one part."""
    sealed = context.wrap(message, encrypt=True).data
    return b"".join(
        (
            _BOUNDARY,
            b"\r\n\tContent-Type: ",
            PROTOCOL.encode(),
            b"\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=",
            str(len(message)).encode(),
            b"\r\n",
            _BOUNDARY,
            b"\r\n",
            _OCTETS,
            struct.pack("<i", 16),
            sealed,
            _BOUNDARY,
            b"--\r\n",
        )
    )
