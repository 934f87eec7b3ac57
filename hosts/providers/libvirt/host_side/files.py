"""What a host tells about files, folders and file systems."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import stat
from typing import Any

from .failures import Failure
from .private_files import read_text, sync_folder, write_replaced

_MOST_NAMES = 1000
# File systems without a device of their own that hold files all the same (filesystems(5) lists them as "nodev").
_REMOTE = ("9p", "btrfs", "ceph", "cifs", "glusterfs", "nfs", "nfs4", "ocfs2", "overlay", "smb3", "virtiofs", "zfs")


def hello(_root: str, _asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "python_version": platform.python_version(),
        "host_name": socket.gethostname(),
        "uid": os.geteuid(),
        "has_qemu_img": shutil.which("qemu-img") is not None,
    }


def stamp_of(facts: os.stat_result) -> str:
    """Another one whenever the file is written. Not by ctime: libvirt changes owner and label of images that nobody
    writes to."""
    return f"{facts.st_ino}:{facts.st_size}:{facts.st_mtime_ns}"


def stat_files(_root: str, asked: dict[str, Any]) -> dict[str, Any]:
    return {"files": [facts for facts in map(_facts, asked["paths"]) if facts is not None]}


def _facts(path: str) -> dict[str, Any] | None:
    """None only for what is not there: a file that may not be looked at is an error."""
    try:
        facts = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return {
        "path": path,
        "size_bytes": facts.st_size,
        "allocated_bytes": facts.st_blocks * 512,
        "stamp": stamp_of(facts),
        "changed_ns": facts.st_ctime_ns,
        "is_folder": stat.S_ISDIR(facts.st_mode),
    }


def file_systems(_root: str, asked: dict[str, Any]) -> dict[str, Any]:
    mounts = _mounts()
    if asked["folders"]:
        return {"file_systems": [_file_system(folder, _mount_of(folder, mounts)) for folder in asked["folders"]]}
    real = [mount for mount in mounts if _is_real(mount[1])]
    # The same one may be mounted at several places: the shortest name is its own.
    own = {os.stat(mount[0]).st_dev: mount for mount in sorted(real, key=lambda one: -len(one[0]))}
    return {"file_systems": [_file_system(mount[0], mount) for mount in sorted(own.values())]}


def _mounts() -> list[tuple[str, str, str]]:
    """(mount point, kind, device), the later one over the earlier one (proc(5), mountinfo)."""
    found = {}
    for line in (read_text("/proc/self/mountinfo") or "").splitlines():
        fields, _, rest = line.partition(" - ")
        kind, device = rest.split()[:2]
        place = _unescaped(fields.split()[4])
        if os.path.isdir(place):
            found[place] = (place, kind, _unescaped(device))
    return list(found.values())


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text


def _is_real(kind: str) -> bool:
    with_device = [line.strip() for line in (read_text("/proc/filesystems") or "").splitlines() if line[:1] == "\t"]
    return kind in with_device or kind in _REMOTE or kind.startswith("fuse.")


def _mount_of(folder: str, mounts: list[tuple[str, str, str]]) -> tuple[str, str, str]:
    place = os.path.realpath(folder)
    by_place = {mount[0]: mount for mount in mounts}
    while place not in by_place and place != "/":
        place = os.path.dirname(place)
    return by_place.get(place, ("/", "", ""))


def _file_system(folder: str, mount: tuple[str, str, str]) -> dict[str, Any]:
    space = os.statvfs(mount[0])
    return {
        "folder": folder,
        "mount_point": mount[0],
        "kind": mount[1],
        "device": mount[2],
        "size_bytes": space.f_blocks * space.f_frsize,
        "free_bytes": space.f_bavail * space.f_frsize,
    }


def list_folder(_root: str, asked: dict[str, Any]) -> dict[str, Any]:
    path = os.path.normpath(asked["path"])
    if not os.path.isabs(path):
        raise Failure("NotFound", f"{path} is no absolute path.")
    with os.scandir(path) as entries:
        kinds = sorted((entry.name, entry.is_dir()) for entry in entries)
    folders = [name for name, is_folder in kinds if is_folder]
    files = [name for name, is_folder in kinds if not is_folder]
    return {
        "path": path,
        "parent": None if path == "/" else os.path.dirname(path),
        "folders": folders[:_MOST_NAMES],
        "files": files[:_MOST_NAMES],
        "is_whole": max(len(folders), len(files)) <= _MOST_NAMES,
    }


def read_files(_root: str, asked: dict[str, Any]) -> dict[str, Any]:
    return {"texts": {path: _text_or_none(path) for path in asked["paths"]}}


def _text_or_none(path: str) -> str | None:
    try:
        return read_text(path)
    except OSError:
        return None


def write_file(_root: str, asked: dict[str, Any]) -> dict[str, Any]:
    path, text = asked["path"], asked["text"]
    there = read_text(path)
    if there is not None and there != text and not asked["may_replace"]:
        raise Failure("AlreadyExists", f"{path} exists on {socket.gethostname()} with another text.")
    if there != text:
        make_folders(os.path.dirname(path))
        write_replaced(path, text)
    return {}


def make_folders(path: str) -> list[str]:
    """Make a folder with its parents; returns those that were not there."""
    made = []
    while not os.path.isdir(path):
        made.append(path)
        path = os.path.dirname(path)
    for folder in reversed(made):
        os.mkdir(folder, 0o711)
        sync_folder(os.path.dirname(folder))
    return made
