"""The process that serves a job's files of this host to the other one, and to nobody without its token."""

from __future__ import annotations

import hmac
import json
import os
import socket
import ssl
import stat
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from .failures import Failure, failure_of
from .files import stamp_of
from .frames import CHUNK_BYTES, HEADER, MOST_LINE_BYTES, keep_alive
from .private_files import read_text
from .ranges import data_ranges

_IDLE_S = 900.0
_LOOK_EVERY_S = 1.0
_HANDSHAKE_S = 10.0
_MOST_READERS = 64


class Server:
    """`allowed` is the file that lists the paths; `is_wanted` says whether the job's record still names us."""

    def __init__(
        self, listener: socket.socket, tls: ssl.SSLContext, token: str, allowed: str, is_wanted: Callable[[], bool]
    ) -> None:
        self._listener = listener
        self._tls = tls
        self._token = token
        self._allowed = allowed
        self._is_wanted = is_wanted
        self._readers = 0
        self._counting = threading.Lock()
        self._busy_at = time.monotonic()

    def run(self) -> None:
        """Returns when nobody has read for long, or the job's records are gone; open connections end with us then."""
        self._listener.settimeout(_LOOK_EVERY_S)
        while self._is_wanted() and time.monotonic() - self._busy_at < _IDLE_S:
            self._accept()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # nobody, or one who went again
            connection = None
        with self._counting:
            if self._readers:
                self._busy_at = time.monotonic()
            if connection is None:
                return
            if self._readers >= _MOST_READERS:
                connection.close()
                return
            self._readers += 1
        threading.Thread(target=self._attend, args=(connection,), daemon=True).start()

    def _attend(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(_HANDSHAKE_S)
            keep_alive(connection)
            with self._tls.wrap_socket(connection, server_side=True) as secured:
                _Reader(secured, self._token, self._allowed).attend()
        except OSError:  # the reader is gone
            connection.close()
        finally:
            with self._counting:
                self._readers -= 1
                self._busy_at = time.monotonic()


class _Reader:
    """One connection. Whatever is refused ends it."""

    def __init__(self, secured: ssl.SSLSocket, token: str, allowed: str) -> None:
        self._secured = secured
        self._token = token
        self._allowed = allowed
        self._lines = cast("BinaryIO", secured.makefile("rb", buffering=MOST_LINE_BYTES))
        self._file = -1
        self._buffer = memoryview(bytearray(CHUNK_BYTES))

    def attend(self) -> None:
        try:
            self._admit()
            self._secured.settimeout(None)  # a reader that hashes what it has says nothing for long
            for line in iter(lambda: self._lines.readline(MOST_LINE_BYTES), b""):
                self._answer(json.loads(line))
        except (Failure, ValueError, KeyError, TypeError) as error:
            self._refuse(failure_of(error))
        except OSError as error:
            if isinstance(error, (ssl.SSLError, ConnectionError, socket.timeout)):
                raise
            self._refuse(failure_of(error))
        finally:
            if self._file >= 0:
                os.close(self._file)

    def _admit(self) -> None:
        said = json.loads(self._lines.readline(MOST_LINE_BYTES) or b"{}").get("token", "")
        if not hmac.compare_digest(str(said).encode("utf-8"), self._token.encode("utf-8")):
            raise Failure("AccessDenied", f"{socket.gethostname()} does not serve files to this token.")

    def _answer(self, asked: dict[str, Any]) -> None:
        if "open" in asked:
            self._send(b"J", json.dumps(self._open(asked["open"])).encode("ascii"))
        else:
            self._send_bytes(asked["at"], asked["count"])

    def _open(self, path: str) -> dict[str, Any]:
        if path not in json.loads(read_text(self._allowed) or "[]"):
            raise Failure("AccessDenied", f"{path} is not among the files that this job reads.")
        if self._file >= 0:
            os.close(self._file)
        self._file = -1
        self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        facts = os.fstat(self._file)
        if not stat.S_ISREG(facts.st_mode):
            raise Failure("Refused", f"{path} is no regular file.")
        os.posix_fadvise(self._file, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        return {
            "size_bytes": facts.st_size,
            "stamp": stamp_of(facts),
            "mode": stat.S_IMODE(facts.st_mode),
            "ranges": data_ranges(self._file, facts.st_size),
        }

    def _send_bytes(self, at: int, count: int) -> None:
        if self._file < 0 or not 0 < count <= CHUNK_BYTES:
            raise Failure("Refused", "Nothing is open, or too much is asked for.")
        got = 0
        while got < count:
            piece = os.preadv(self._file, [self._buffer[got:count]], at + got)
            if not piece:
                raise Failure("Refused", "The file became shorter while it was read.")
            got += piece
        self._send(b"D", self._buffer[:count])

    def _send(self, letter: bytes, content: bytes | memoryview) -> None:
        self._secured.sendall(HEADER.pack(letter, len(content)))
        self._secured.sendall(content)

    def _refuse(self, failure: Failure) -> None:
        told = json.dumps({"kind": failure.kind, "message": failure.message})
        self._send(b"E", told.encode("ascii"))
