"""Runs the system's commands: ip, tc, virsh, qemu-img and the like, with their own words when they fail."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_POLL_S = 0.02


class CommandFailed(Exception):
    """A command of the system did not do what the lab needs; the message holds its last words."""


class LabDidNotAnswer(Exception):
    """Something of the lab did not come or go in time; the message says where to look."""


def run(
    command: Sequence[str | Path], *, timeout_s: float = 60.0, text: str | None = None, cwd: Path | None = None
) -> str:
    """What the command printed. Raises CommandFailed."""
    try:
        done = subprocess.run(
            [*map(str, command)],
            cwd=cwd,
            input=text,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError:
        raise CommandFailed(f"There is no command {command[0]} on this machine.") from None
    except subprocess.TimeoutExpired:
        raise CommandFailed(f"{_shown(command)} did not end within {timeout_s:.0f} s.") from None
    if done.returncode != 0:
        raise CommandFailed(f"{_shown(command)} failed: {_last_words(done)}")
    return done.stdout


def succeeds(command: Sequence[str | Path]) -> bool:
    """Whether the command ends with 0."""
    try:
        run(command)
    except CommandFailed:
        return False
    return True


def wait_until(claim: Callable[[], bool], otherwise: str, timeout_s: float) -> None:
    """Returns when the claim has become true. Raises LabDidNotAnswer with the sentence `otherwise`."""
    deadline = time.monotonic() + timeout_s
    while not claim():
        if time.monotonic() > deadline:
            raise LabDidNotAnswer(otherwise)
        time.sleep(_POLL_S)


def _shown(command: Sequence[str | Path]) -> str:
    return " ".join(map(str, command))[:200]


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr or done.stdout).strip().splitlines()
    return " ".join(lines[-3:]) or f"exit code {done.returncode}"
