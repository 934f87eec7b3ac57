"""How much room the volumes of a host have: the emulated quota less what lies there, unless an order says "full"."""

from __future__ import annotations

import os
from pathlib import Path

from lab.hyperv.faults import FaultBook
from lab.hyperv.layout import HostFolder, HostSettings, VolumeEntry
from lab.hyperv.refusal import Refused


class Volumes:
    def __init__(self, folder: HostFolder, settings: HostSettings) -> None:
        self._folder = folder
        self._settings = settings
        self._faults = FaultBook(folder.faults_file)

    def free_bytes(self, path: str) -> int:
        """Room on the volume of this Windows path. Raises Refused when there is no such volume."""
        volume = self._volume(path)
        if self._faults.is_full(volume.path[0]):
            return 0
        return max(0, volume.size_bytes - _used_bytes(self._folder.root / volume.path[0]))

    def check_room(self, path: str, size_bytes: int) -> None:
        """Raises Refused NotEnoughSpace when `size_bytes` more do not fit on the volume of `path`."""
        if self.free_bytes(path) < size_bytes:
            raise not_enough_space(path, size_bytes)

    def listed(self) -> list[dict[str, object]]:
        """The fields of types.Volume for each."""
        return [
            {
                "path": volume.path,
                "label": volume.label,
                "size_bytes": volume.size_bytes,
                "free_bytes": self.free_bytes(volume.path),
            }
            for volume in self._settings.volumes
        ]

    def _volume(self, path: str) -> VolumeEntry:
        for volume in self._settings.volumes:
            if volume.path[0].upper() == path[:1].upper():
                return volume
        raise Refused("NotFound", f"There is no volume for '{path}'.", "ObjectNotFound")


def not_enough_space(path: str, size_bytes: int) -> Refused:
    return Refused(
        "NotEnoughSpace",
        f"There is not enough space on the disk {path[:2].upper()} for {size_bytes} bytes more.",
        "WriteError",
    )


def _used_bytes(folder: Path) -> int:
    used = 0
    for place, _, names in os.walk(folder):
        for name in names:
            used += _size(Path(place) / name)
    return used


def _size(path: Path) -> int:
    """0 for a file that was deleted while we looked."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
