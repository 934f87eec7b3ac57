"""The reading end of a copy: one connection to the process that serves the source's files."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
from typing import Any

from .failures import Failure, silent
from .frames import HEADER, choose_cipher, keep_alive

_CONNECT_S = 10.0
# Shorter than the engine's patience with a silent host, longer than a disk that has much to do.
_SILENCE_S = 20.0


class Source:
    """`asked`: {address, port, fingerprint, token} of an order. Every call raises HostUnreachable when the other host
    is silent, and what it refused."""

    def __init__(self, asked: dict[str, Any], silence_s: float = _SILENCE_S) -> None:
        self._address = asked["address"]
        try:
            self._socket = _secured(asked)
            self._socket.settimeout(silence_s)
            self._say({"token": asked["token"]})
        except OSError as error:
            raise silent(error, self._address) from None
        self._header = memoryview(bytearray(HEADER.size))

    def open(self, path: str) -> dict[str, Any]:
        """{size_bytes, stamp, mode, ranges} of the file whose bytes are asked for from now on."""
        try:
            self._say({"open": path})
            answer = bytearray(self._answer(b"J"))
            self._fill(memoryview(answer))
        except OSError as error:
            raise silent(error, self._address) from None
        facts: dict[str, Any] = json.loads(bytes(answer))
        return facts

    def ask(self, at: int, count: int) -> None:
        """Several may be asked for before the first is received."""
        try:
            self._say({"at": at, "count": count})
        except OSError as error:
            raise silent(error, self._address) from None

    def receive(self, into: memoryview) -> None:
        """The bytes asked for first that were not received yet; `into` is as long."""
        try:
            if self._answer(b"D") != len(into):
                raise Failure("Refused", f"{self._address} sent something else than was asked for.")
            self._fill(into)
        except OSError as error:
            raise silent(error, self._address) from None

    def close(self) -> None:
        self._socket.close()

    def _say(self, line: dict[str, Any]) -> None:
        self._socket.sendall(json.dumps(line).encode("ascii") + b"\n")

    def _answer(self, letter: bytes) -> int:
        self._fill(self._header)
        got, length = HEADER.unpack(self._header)
        if got == b"E":
            told = bytearray(length)
            self._fill(memoryview(told))
            refused = json.loads(bytes(told))
            raise Failure(refused["kind"], refused["message"])
        if got != letter:
            raise Failure("Refused", f"{self._address} sent something else than was asked for.")
        return int(length)

    def _fill(self, into: memoryview) -> None:
        at, end = 0, len(into)
        while at < end:
            count = self._socket.recv_into(into[at:])
            if not count:
                raise ConnectionResetError
            at += count


def _secured(asked: dict[str, Any]) -> ssl.SSLSocket:
    """Known by its certificate's fingerprint, before it hears the token."""
    plain = socket.create_connection((asked["address"], asked["port"]), timeout=_CONNECT_S)
    keep_alive(plain)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    choose_cipher(tls)
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    try:
        secured = tls.wrap_socket(plain)
    except OSError:
        plain.close()
        raise
    shown = hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
    if not hmac.compare_digest(shown, asked["fingerprint"]):
        secured.close()
        raise Failure("CertificateUntrusted", f"Another certificate than this job's answers at {asked['address']}.")
    return secured
