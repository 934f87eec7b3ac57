"""Writes an initial ramdisk: the newc archive (cpio(5)) that Linux unpacks, gzipped."""

from __future__ import annotations

import gzip
import stat
from pathlib import Path

_CONSOLE = (5, 1)


def ramdisk(folder: Path) -> bytes:
    """The folder's files and folders, every file executable, and /dev/console, without which init has no output."""
    entries = [_entry("dev", stat.S_IFDIR | 0o755), _entry("dev/console", stat.S_IFCHR | 0o600, device=_CONSOLE)]
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir():
            entries.append(_entry(name, stat.S_IFDIR | 0o755))
        else:
            entries.append(_entry(name, stat.S_IFREG | 0o755, path.read_bytes()))
    return gzip.compress(b"".join([*entries, _entry("TRAILER!!!", 0)]), compresslevel=6, mtime=0)


def _entry(name: str, mode: int, content: bytes = b"", device: tuple[int, int] = (0, 0)) -> bytes:
    encoded = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(encoded), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(head + encoded) + _padded(content)


def _padded(part: bytes) -> bytes:
    return part + b"\0" * (-len(part) % 4)
