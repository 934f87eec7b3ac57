"""A command whose stdin and stdout carry a channel's requests and answers, line by line."""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from typing import IO

# Sent on idle lines: the other end believes us gone after four that did not come.
BEAT_S = 15.0


class Line:
    """A command that carries the line, its two ends, and the beat that tells the host we are still there."""

    def __init__(self, command: Sequence[str]) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the command
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, start_new_session=True
        )
        self._got = bytearray()
        self._writing = threading.Lock()
        self._closed = threading.Event()

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    def is_open(self) -> bool:
        return self._process.poll() is None

    def greet(self, program: bytes, greeting: bytes, deadline: float) -> None:
        """Send the program and wait for its greeting; a login shell may have printed something before."""
        self._write(program)
        while self._read_line(deadline) != greeting:
            pass
        threading.Thread(target=self._beat, name="ferry-beat", daemon=True).start()

    def ask(self, request: bytes, deadline: float) -> bytes:
        self._write(request)
        return self._read_line(deadline)

    def farewell(self) -> tuple[int, str]:
        """Exit code and stderr of a command whose stdout has ended."""
        try:
            exit_code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            exit_code = self._process.wait()
        self._said.seek(0)
        return exit_code, self._said.read(1 << 16).decode("utf-8", "replace")

    def close(self) -> None:
        """End the command. Not by its stdin alone: an ssh whose peer is gone would go on waiting."""
        self._closed.set()
        self._process.kill()
        self._process.wait()
        for end in (self._process.stdout, self._said):
            if end is not None:
                end.close()
        with self._writing:
            try:
                self._stdin.close()
            except OSError:
                return

    def _write(self, content: bytes) -> None:
        with self._writing:
            self._stdin.write(content)
            self._stdin.flush()

    def _beat(self) -> None:
        while not self._closed.wait(BEAT_S):
            try:
                self._write(b"\n")
            except (OSError, ValueError):
                return

    def _read_line(self, deadline: float) -> bytes:
        """Raises TimeoutError, or ConnectionError at the end of stdout."""
        assert self._process.stdout is not None
        poll = select.poll()
        poll.register(self._process.stdout, select.POLLIN)
        while (end := self._got.find(b"\n")) < 0:
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise TimeoutError
            piece = os.read(self._process.stdout.fileno(), 1 << 16)
            if not piece:
                raise ConnectionError
            self._got += piece
        found = bytes(self._got[:end])
        del self._got[: end + 1]
        return found
