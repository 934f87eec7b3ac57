"""Who keeps a lab: when that process has died and nobody took over, the hosts shut down by themselves."""

from __future__ import annotations

import time
from pathlib import Path

from lab.process_start import process_start


class Keeper:
    """Reads `<root>/keeper.pid`; without that file nobody keeps the lab and it stays up."""

    def __init__(self, root: Path, grace_s: float) -> None:
        self._path = root / "keeper.pid"
        self._grace_s = grace_s
        self._seen_at = time.monotonic()

    def is_gone(self) -> bool:
        """True when the keeper has been dead for longer than the grace."""
        if self._lives():
            self._seen_at = time.monotonic()
        return time.monotonic() - self._seen_at > self._grace_s

    def _lives(self) -> bool:
        try:
            pid, started = self._path.read_text().split()
        except (FileNotFoundError, ValueError):
            return True
        return process_start(int(pid)) == started


def take_over(root: Path, pid: int) -> None:
    """Make the process `pid` the lab's keeper."""
    (root / "keeper.pid").write_text(f"{pid} {process_start(pid)}")


def resign(root: Path) -> None:
    """Nobody keeps the lab any more: it stays up until it is taken down."""
    (root / "keeper.pid").unlink(missing_ok=True)
