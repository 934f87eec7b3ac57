"""The pace of a process that copies. All copies of a job on this host share one limit: a file beside their records,
which is read again every second, so that it can be changed while they run."""

from __future__ import annotations

import os
import time

from .private_files import read_text, write_replaced
from .records import is_working, read_record

_NAME = "limit"
_READ_EVERY_S = 1.0
_LEAST_BYTES = 64 << 10


def read_limit(folder: str) -> int:
    """Bytes per second; 0 is none. Text that is no number counts as none: nobody but write_limit writes there."""
    text = read_text(os.path.join(folder, _NAME)) or ""
    return int(text) if text.isdigit() else 0


def write_limit(folder: str, limit: int) -> None:
    """Only a change is written. Without a file there is no limit."""
    if read_limit(folder) != limit:
        write_replaced(os.path.join(folder, _NAME), str(limit))


class Pace:
    """`share` is this process's part of the limit: as much as each other has that copies for the job here now."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.share = 0.0
        self._budget = 0.0
        self._filled_at = time.monotonic()
        self._read_at = self._filled_at - _READ_EVERY_S

    def wait(self, most: int) -> int:
        """Sleeps until the process may go on, and returns how many bytes it may move then: little at a time when it is
        slow, so that a new limit is not waited for."""
        self._fill()
        while self._budget < 0:
            time.sleep(min(0.25, 0.001 - self._budget / self.share))
            self._fill()
        count = most if not self.share else min(most, max(_LEAST_BYTES, int(self.share / 4)))
        self._budget -= count
        return count

    def _fill(self) -> None:
        """What is not used is kept for a quarter of a second: a pause earns no burst."""
        now = time.monotonic()
        if now - self._read_at >= _READ_EVERY_S:
            self._read_at = now
            self.share = self._read_share()
        earned = self.share * (now - self._filled_at)
        self._filled_at = now
        self._budget = min(self._budget + earned, self.share / 4) if self.share else 0.0

    def _read_share(self) -> float:
        limit = read_limit(self._folder)
        if not limit:
            return 0.0
        paths = [os.path.join(self._folder, name) for name in os.listdir(self._folder) if name.endswith(".json")]
        records = [record for record in map(read_record, paths) if record is not None]
        copying = [each for each in records if each["kind"] == "copy-file" and each["state"] == "running"]
        return limit / max(1, len({each["process_id"] for each in copying if is_working(each)}))
