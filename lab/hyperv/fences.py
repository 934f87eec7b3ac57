"""What shared/fence.ps1 does: the calls of one job act one after the other, and never one that comes too late."""

from __future__ import annotations

import os
import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.hyperv.layout import HostFolder
from lab.hyperv.refusal import Refused

FENCES = "C:\\ProgramData\\Ferry\\fences"
_NUMBER = re.compile(r"[0-9]{19}")


class Fences:
    """The fences of one host. Open for the threads of one process; the numbers outlive it."""

    def __init__(self, folder: HostFolder) -> None:
        self._folder = folder
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    @contextmanager
    def entered(self, job: str, call: int, wait_s: float) -> Iterator[None]:
        """Note the number on the disk, then hold the job's other calls off. Raises Refused Overtaken, WrongState."""
        name = self._folder.name
        if not self._locks[job].acquire(timeout=wait_s):
            raise Refused("WrongState", f"An earlier call of this job is still under way on {name}.", "ResourceBusy")
        try:
            path = self._folder.drives.real(f"{FENCES}\\{job}")
            if call <= _highest(path):
                raise Refused(
                    "Overtaken", f"A later call of this job was on {name} before this one, which does nothing."
                )
            _note(path, call)
            yield
        finally:
            self._locks[job].release()


def _highest(path: Path) -> int:
    """The highest number that was let through; what cannot be read was cut off before its call did anything."""
    text = path.read_text() if path.exists() else ""
    return int(text) if _NUMBER.fullmatch(text) else 0


def _note(path: Path, call: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        file.write(f"{call:019d}")
        file.flush()
        os.fsync(file.fileno())
