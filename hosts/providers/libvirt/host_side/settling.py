"""The second thread of a copy: writes and hashes what has arrived, while the first one receives the next."""

from __future__ import annotations

import hashlib
import os
import queue
import threading

from .frames import CHUNK_BYTES
from .records import Progress

_BUFFERS = 6
_ZEROS = memoryview(bytes(1 << 22))


class Settling:
    """`file` is written from `offset` on and is always as long as what it holds; `digest` has seen what is before."""

    def __init__(self, file: int, offset: int, digest: hashlib._Hash, progress: Progress) -> None:
        self._file = file
        self._offset = offset
        self._digest = digest
        self._progress = progress
        self._free: queue.Queue[memoryview] = queue.Queue()
        for _ in range(_BUFFERS):
            self._free.put(memoryview(bytearray(CHUNK_BYTES)))
        self._pieces: queue.Queue[tuple[memoryview | None, int] | None] = queue.Queue()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def buffer(self) -> memoryview:
        """One to receive into, when there is one. Raises what went wrong with an earlier piece."""
        if self._error is not None:
            raise self._error
        return self._free.get()

    def settle(self, buffer: memoryview, count: int) -> None:
        """The first `count` bytes of a buffer got from here."""
        self._pieces.put((buffer, count))

    def settle_hole(self, count: int) -> None:
        self._pieces.put((None, count))

    def end(self) -> int:
        """Wait for what was handed over; the offset reached. Raises nothing, see `confirm`."""
        self._pieces.put(None)
        self._thread.join()
        return self._offset

    def confirm(self) -> None:
        """Raise what went wrong with a piece."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        for buffer, count in iter(self._pieces.get, None):
            try:
                if self._error is None and buffer is None:
                    self._keep_hole(count)
                elif self._error is None and buffer is not None:
                    self._keep(buffer[:count])
            except Exception as error:  # noqa: BLE001 - the first thread raises it
                self._error = error
            if buffer is not None:
                self._free.put(buffer)

    def _keep(self, piece: memoryview) -> None:
        self._digest.update(piece)
        written = 0
        while written < len(piece):
            written += os.pwrite(self._file, piece[written:], self._offset + written)
        self._offset += written
        self._progress.advance(self._offset, bytes_sent=written)

    def _keep_hole(self, count: int) -> None:
        """The file only becomes longer; its digest is that of zeros."""
        end = self._offset + count
        while self._offset < end:
            step = min(end - self._offset, len(_ZEROS))
            self._digest.update(_ZEROS[:step])
            os.ftruncate(self._file, self._offset + step)
            self._offset += step
            self._progress.advance(self._offset)
