"""The processes of a lab as the kernel knows them: hosts that outlive us, guests found by their command line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lab.hyperv.children import child_environment
from lab.hyperv.guestprocess import GUEST_MODULE
from lab.hyperv.layout import HostEntry, HostFolder
from lab.process_start import process_start

HOST_MODULE = "lab.hyperv.host"
_PROJECT = Path(__file__).resolve().parents[2]
_POLL_S = 0.02


class LabDidNotAnswer(Exception):
    """A host did not come up or go down in time; the message names its log."""


def launch_host(folder: HostFolder) -> None:
    """Start the host's process in a session of its own, as nobody's child."""
    with (folder.root / "host.out").open("ab") as out:
        subprocess.run(
            ["setsid", "--fork", sys.executable, "-m", HOST_MODULE, str(folder.lab_root), folder.name],
            cwd=_PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            check=True,
            env=child_environment(),
        )


def await_up(folder: HostFolder, entry: HostEntry, timeout_s: float) -> None:
    """Returns when the host's process lives and its port answers. Raises LabDidNotAnswer."""
    _await(lambda: folder.is_up() and _answers(entry), folder, "up", timeout_s)


def await_down(folder: HostFolder, timeout_s: float) -> None:
    """Returns when the host's process is gone and its guests with it. Raises LabDidNotAnswer."""
    _await(lambda: not folder.is_up() and not _has_guests(folder), folder, "down", timeout_s)


def signal_host(folder: HostFolder, number: signal.Signals) -> None:
    """Harmless when the host is down."""
    if folder.is_up():
        os.kill(int(folder.pid_file.read_text().split()[0]), number)


def guests(lab_root: Path) -> Iterator[tuple[str, str, int]]:
    """(host, uid of the VM, process id) of every guest process of this lab that lives."""
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            words = _command_line(place)
            if words[-4:-2] == [GUEST_MODULE, str(lab_root)] and process_start(int(place.name)):
                yield words[-2], words[-1], int(place.name)


def _has_guests(folder: HostFolder) -> bool:
    return any(host == folder.name for host, _, _ in guests(folder.lab_root))


def _command_line(place: Path) -> list[str]:
    try:
        return (place / "cmdline").read_text().rstrip("\0").split("\0")
    except (FileNotFoundError, ProcessLookupError, UnicodeDecodeError):
        return []


def _answers(entry: HostEntry) -> bool:
    try:
        socket.create_connection((entry.address, entry.http_port), timeout=1).close()
    except OSError:
        return False
    return True


def _await(claim: Callable[[], bool], folder: HostFolder, what: str, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not claim():
        if time.monotonic() > deadline:
            raise LabDidNotAnswer(f"{folder.name} is not {what} after {timeout_s:.0f} s; see {folder.log_file}.")
        time.sleep(_POLL_S)
