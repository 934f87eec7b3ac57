"""Ferry's own folder on a host and the small files in it: for its owner only, replaced in one go."""

from __future__ import annotations

import contextlib
import os
import re

from .failures import Failure

_TAG = re.compile(r"ferry-[0-9]+\Z")


def private_folder(*parts: str) -> str:
    """The folder of these parts, made for its owner only. The first part is the root.

    Its files say which processes to end and which files to delete, so a root that belongs to somebody else, who may
    have made it beforehand, is refused.
    """
    root = parts[0]
    if not os.path.isdir(root):
        os.makedirs(root, 0o700, exist_ok=True)
    owner = os.stat(root).st_uid
    if owner not in (0, os.geteuid()):
        raise Failure("AccessDenied", f"{root} belongs to the user {owner}, not to us: remove it.")
    if owner == os.geteuid() and os.stat(root).st_mode & 0o077:
        os.chmod(root, 0o700)
    path = os.path.join(*parts)
    os.makedirs(path, 0o700, exist_ok=True)
    return path


def tag_folder(root: str, tag: str) -> str:
    """Where the records of a job lie; not made here."""
    if not _TAG.match(tag):
        raise Failure("Refused", f"There can be no tag {tag!r}.")
    return os.path.join(root, tag)


def made_tag_folder(root: str, tag: str) -> str:
    return private_folder(root, os.path.basename(tag_folder(root, tag)))


def write_replaced(path: str, text: str, *, durable: bool = True) -> None:
    """A reader sees the old text or the new one; with `durable` so does the disk when the call returns."""
    draft = f"{path}.new"
    # Opened as new: what somebody left there under other rights is not written into.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(draft)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    os.replace(draft, path)
    if durable:
        sync_folder(os.path.dirname(path))


def read_text(path: str, most_bytes: int = 16 << 20) -> str | None:
    """The text of a file, or None when there is none. Bytes that are no UTF-8 come as lone surrogates."""
    try:
        with open(path, "rb") as file:
            return file.read(most_bytes).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None


def sync_folder(path: str) -> None:
    """A name that was made or changed in the folder is on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_in_place(draft: str, destination: str) -> None:
    """Give the draft its name. Raises FileExistsError rather than replace a file that came meanwhile."""
    try:
        os.link(draft, destination)
        os.unlink(draft)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: looking first is all that is left.
        if os.path.lexists(destination) or not os.path.lexists(draft):
            raise
        os.rename(draft, destination)
    sync_folder(os.path.dirname(destination))
