"""What a move takes of each volume of the target: for the bars of the wizard's path page."""

from __future__ import annotations

from dataclasses import dataclass

from hosts import paths
from hosts.models import HostVolume
from hosts.vm_folders import volume_paths
from migrations_app.answers import Answers
from migrations_app.plans import needs_by_volume


@dataclass(frozen=True, slots=True)
class Room:
    """A volume before and after the move. Percents are of the volume's size, for the bar."""

    volume: HostVolume
    needed_bytes: int
    free_after_bytes: int
    used_percent: float
    needed_percent: float
    is_short: bool
    suggestion: str


def rooms(answers: Answers) -> list[Room]:
    """Every volume of the target, with what the answers so far would put there."""
    if answers.target is None:
        return []
    volumes = list(answers.target.volumes.all())
    needs = needs_by_volume(answers.vm, volume_paths(answers.target), answers.folder, answers.disk_folders)
    reserve = answers.target.group.disk_reserve_mb << 20
    return [_room(volume, needs[volume.path], reserve, _suggestion(volume, answers)) for volume in volumes]


def _suggestion(volume: HostVolume, answers: Answers) -> str:
    """A folder on the volume: the chosen one on another drive, or the host's default if it is there."""
    if not paths.is_posix(volume.path):
        return volume.path + (answers.folder[3:] if len(answers.folder) > 3 else "VMs")
    usual = answers.target.default_vm_path if answers.target else ""
    is_there = answers.target and paths.volume_of(usual, volume_paths(answers.target)) == volume.path
    return usual if is_there else paths.join(volume.path, "images")


def _room(volume: HostVolume, needed: int, reserve: int, suggestion: str) -> Room:
    used = volume.size_bytes - volume.free_bytes
    size = max(1, volume.size_bytes)
    used_percent = 100 * used / size
    return Room(
        volume=volume,
        needed_bytes=needed,
        free_after_bytes=volume.free_bytes - needed,
        used_percent=round(used_percent, 1),
        needed_percent=round(min(100 * needed / size, 100 - used_percent), 1),
        is_short=bool(needed) and needed + reserve > volume.free_bytes,
        suggestion=suggestion,
    )
