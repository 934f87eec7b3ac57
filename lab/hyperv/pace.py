"""How fast a process may copy: the limit that all copies of a job on a host share, read again while they run."""

from __future__ import annotations

import time
from pathlib import Path

from lab.hyperv.workrecord import COPY_FILE, read_record

CHUNK_BYTES = 4 << 20
_LEAST_CHUNK_BYTES = 64 << 10
_READ_EVERY_S = 1.0
_KEPT_S = 0.25
_LIMIT = "limit"


def read_limit(folder: Path) -> int:
    """Bytes per second; 0 is none."""
    try:
        return max(0, int((folder / _LIMIT).read_text()))
    except (FileNotFoundError, ValueError):
        return 0


def write_limit(folder: Path, limit_bytes_per_s: int) -> None:
    """Only a change is written. Without a file there is no limit."""
    if read_limit(folder) != limit_bytes_per_s:
        partial = folder / f"{_LIMIT}.new"
        partial.write_text(str(limit_bytes_per_s))
        partial.replace(folder / _LIMIT)


class Pace:
    """Of one process. `slow_bytes_per_s`: a limit of its own besides, 0 for none."""

    def __init__(self, folder: Path, slow_bytes_per_s: int = 0) -> None:
        self._folder = folder
        self._slow = slow_bytes_per_s
        self._share = 0.0
        self._budget = 0.0
        self._filled_at = time.monotonic()
        self._read_at = self._filled_at - _READ_EVERY_S

    def wait(self, most: int) -> int:
        """Sleep until there is something to move again; how many bytes, of `most`: few at a time when it is slow."""
        self._fill()
        while self._budget < 0:
            time.sleep(min(_KEPT_S, -self._budget / self._share))
            self._fill()
        count = min(most, max(_LEAST_CHUNK_BYTES, int(self._share * _KEPT_S))) if self._share else most
        self._budget -= count
        return count

    def _fill(self) -> None:
        """What is not used is kept for a moment only: a pause earns no burst."""
        now = time.monotonic()
        if now - self._read_at >= _READ_EVERY_S:
            self._read_at, self._share = now, self._read_share()
        earned, self._filled_at = self._share * (now - self._filled_at), now
        self._budget = min(self._budget + earned, self._share * _KEPT_S) if self._share else 0.0

    def _read_share(self) -> float:
        """As much as each other process has that copies for the job here at this moment."""
        limits = [float(self._slow)] if self._slow else []
        if limit := read_limit(self._folder):
            limits.append(limit / max(1, len(self._copying())))
        return min(limits, default=0.0)

    def _copying(self) -> set[int]:
        found = [read_record(path) for path in self._folder.glob("*.json")]
        return {each.process_id for each in found if each and (each.kind, each.state) == (COPY_FILE, "running")}
