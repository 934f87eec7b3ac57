"""Lets the calls of one job act on this host one after the other, and none that was ordered before one that has begun.

A call that its worker gave up may still get here: by its number it is known as late, and does nothing. The fence is a
lock on a file, held by the channel's process: the kernel opens it when that ends, however it ends. Its name is no tag,
because it outlives the job.
"""

from __future__ import annotations

import fcntl
import os
import re
import socket
import time
from typing import Any

from .failures import Failure
from .private_files import private_folder, sync_folder

_JOB = re.compile(r"[0-9]+-[0-9]+\Z")
_DIGITS = 19
_POLL_S = 0.05
# A late call comes after minutes, at worst with a console that was asleep: after 30 days nobody waits for one.
_OLD_S = 30 * 24 * 3600


def enter_fence(root: str, claim: dict[str, Any]) -> int:
    """The descriptor that holds the fence: close it to leave. `claim`: {job, call, wait_s} of claims.py.

    Notes the number, on the disk before the call does anything. Raises Overtaken when a number as high was let through
    before, WrongState when another call has the fence for longer than wait_s.
    """
    if not _JOB.match(claim["job"]):
        raise Failure("Refused", f"There can be no job {claim['job']!r}.")
    folder = private_folder(root, "fences")
    fence = _open_fence(os.path.join(folder, claim["job"]), time.monotonic() + claim["wait_s"])
    try:
        _note_call(fence, folder, int(claim["call"]))
    except BaseException:
        os.close(fence)
        raise
    return fence


def _open_fence(path: str, deadline: float) -> int:
    while True:
        fence = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if _is_locked(fence) and _is_still(fence, path):
            return fence
        os.close(fence)
        if time.monotonic() >= deadline:
            host = socket.gethostname()
            raise Failure("WrongState", f"An earlier call of this job is still under way on {host}.")
        time.sleep(_POLL_S)


def _is_locked(fence: int) -> bool:
    try:
        fcntl.flock(fence, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(fence: int, path: str) -> bool:
    """Whether the file was not removed between being opened and being locked."""
    try:
        return os.path.samestat(os.fstat(fence), os.stat(path))
    except FileNotFoundError:
        return False


def _note_call(fence: int, folder: str, call: int) -> None:
    text = os.pread(fence, _DIGITS, 0)
    # What cannot be read was cut off before its call did anything.
    before = int(text) if len(text) == _DIGITS and text.isdigit() else 0
    if call <= before:
        host = socket.gethostname()
        raise Failure("Overtaken", f"A later call of this job was on {host} before this one, which does nothing.")
    # In place and always as long: the disk has the old number or the new one.
    os.pwrite(fence, b"%0*d" % (_DIGITS, call), 0)
    os.fsync(fence)
    if not text:
        sync_folder(folder)
        _remove_old(folder)


def _remove_old(folder: str) -> None:
    for entry in os.scandir(folder):
        if entry.stat().st_mtime > time.time() - _OLD_S:
            continue
        old = os.open(entry.path, os.O_RDWR | os.O_CLOEXEC)
        if _is_locked(old):
            os.unlink(entry.path)
        os.close(old)
