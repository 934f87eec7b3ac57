"""The processes of a host as this machine's kernel knows them: whatever is in the host's network namespace."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from lab.kvm.commands import CommandFailed, run, wait_until
from lab.process_start import process_start

_END_S = 10.0


def processes(namespace: str) -> list[int]:
    """As this machine numbers them; none where there is no such namespace."""
    try:
        return [int(pid) for pid in run(["ip", "netns", "pids", namespace]).split()]
    except CommandFailed:
        return []


def first_process(namespace: str) -> int | None:
    """The one that is number 1 to itself and its kind."""
    return next((pid for pid in processes(namespace) if _number_inside(pid) == 1), None)


def command_line(pid: int) -> list[str]:
    """Empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").rstrip("\0").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def kill(namespace: str, words: str = "") -> list[int]:
    """End every process in the namespace whose command line holds the words, by its number; these numbers."""
    pids = [pid for pid in processes(namespace) if words in " ".join(command_line(pid))]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return pids


def kill_all(namespace: str) -> None:
    """Returns when the namespace is empty and its processes are gone. Raises LabDidNotAnswer."""
    seen: dict[int, str | None] = {}

    def is_over() -> bool:
        found = {pid: process_start(pid) for pid in processes(namespace)}
        seen.update(found)
        kill(namespace)
        # One that is ending has left its namespace while it still counts as alive.
        return not found and not any(start and process_start(pid) == start for pid, start in seen.items())

    wait_until(is_over, f"Processes in the namespace {namespace} do not end.", _END_S)


def _number_inside(pid: int) -> int | None:
    """The process's number in its own namespace; None where that is this machine's."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    numbers = next(line for line in lines if line.startswith("NSpid:")).split()[1:]
    return int(numbers[-1]) if len(numbers) > 1 else None
