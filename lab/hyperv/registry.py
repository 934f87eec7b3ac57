"""Which VMs are registered on a host, and whether they ran: what a host still knows after a power loss."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from lab.json_files import read_json, write_json


@dataclass(slots=True)
class RegistryEntry:
    """`is_running` at the start of a host: it lost power. `was_running`: it saved the VM in good order."""

    config_path: str
    is_running: bool = False
    was_running: bool = False


class Registry:
    """registry.json of a host; every change is on disk when the call returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._entries = {uid: RegistryEntry(**fields) for uid, fields in read_json(path).items()}

    def entries(self) -> dict[str, RegistryEntry]:
        with self._lock:
            return dict(self._entries)

    def add(self, uid: str, config_path: str) -> None:
        with self._lock:
            self._entries[uid] = RegistryEntry(config_path)
            self._keep()

    def remove(self, uid: str) -> None:
        with self._lock:
            self._entries.pop(uid, None)
            self._keep()

    def note(self, uid: str, *, is_running: bool, was_running: bool = False) -> None:
        with self._lock:
            entry = self._entries[uid]
            entry.is_running, entry.was_running = is_running, was_running
            self._keep()

    def _keep(self) -> None:
        write_json(self._path, self._entries)
