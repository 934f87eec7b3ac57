"""Processes of this host, told apart for ever: an id is used again, an id with its start is not."""

from __future__ import annotations

import os
import signal
import time

from .failures import Failure

_END_S = 30.0


def boot_id() -> str:
    """Another one after every start of the host."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def start_of(pid: int) -> str:
    """When this process began, in words that only equality reads; empty when it is gone or a zombie (proc(5), stat)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    if not fields or fields[0] in (b"Z", b"X"):
        return ""
    return "{}:{}".format(boot_id(), fields[19].decode("ascii"))


def is_alive(pid: int, started: str) -> bool:
    return bool(started) and pid > 1 and start_of(pid) == started


def end(pid: int, started: str, what: str) -> None:
    """Kill a process and wait until it is gone. Raises WrongState when it will not go."""
    deadline = time.monotonic() + _END_S
    while is_alive(pid, started):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        if time.monotonic() > deadline:
            raise Failure("WrongState", f"{what} (process {pid}) does not end.")
        time.sleep(0.02)
