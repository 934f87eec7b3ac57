"""Paths on hosts of both kinds: Windows' have a drive and know no case, POSIX's begin with a slash. Pure.

The flavour is read off the path itself, so that nobody has to hand it along.
"""

from __future__ import annotations

import ntpath
import posixpath
from collections.abc import Iterable


def is_posix(path: str) -> bool:
    return path.startswith("/")


def join(folder: str, *parts: str) -> str:
    return posixpath.join(folder, *parts) if is_posix(folder) else ntpath.join(folder, *parts)


def parent(path: str) -> str:
    """The folder that a file or folder is in."""
    return posixpath.dirname(trimmed(path)) if is_posix(path) else ntpath.dirname(trimmed(path))


def name(path: str) -> str:
    return posixpath.basename(path) if is_posix(path) else ntpath.basename(path)


def trimmed(path: str) -> str:
    """Without separators at its end; a root keeps its own."""
    if is_posix(path):
        return path.rstrip("/") or "/"
    bare = path.rstrip("\\")
    return f"{bare}\\" if bare.endswith(":") and bare != path else bare


def key(path: str) -> str:
    """Equal for two ways to write the same path."""
    return trimmed(path) if is_posix(path) else trimmed(path).lower()


def below(folder: str, path: str) -> str | None:
    """`path` as seen from `folder`; None when it is not in there."""
    base = key(folder)
    base = base if base.endswith(("/", "\\")) else base + ("/" if is_posix(folder) else "\\")
    return path[len(base) :] if key(path).startswith(base) else None


def volume_of(path: str, volumes: Iterable[str]) -> str | None:
    """The path of the volume that `path` is on: of those it lies in, the deepest; None when it lies in none."""
    holding = [volume for volume in volumes if key(volume) == key(path) or below(volume, path) is not None]
    return max(holding, key=len, default=None)


def root_of(path: str) -> str:
    """What to call the volume of a path that lies on none that is known: its drive, such as "D:\\", or the root."""
    return "/" if is_posix(path) else ntpath.splitdrive(path)[0].upper() + "\\"
