"""Calls that their client has given up and that are carried out all the same, when a test says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from lab.hyperv.layout import HostFolder
from lab.hyperv.refusal import Refused

_LOOK_S = 0.02
_PATIENCE_S = 30.0


class LateCalls:
    """The side of the host: each call waits in a thread of its own for the file that lets it go on."""

    def __init__(self, folder: HostFolder) -> None:
        self._folder = folder.late_folder

    def keep(self, verb: str, act: Callable[[], object]) -> None:
        self._folder.mkdir(exist_ok=True)
        waiting = self._folder / f"{time.time_ns()}-{verb}.waiting"
        waiting.touch()
        threading.Thread(target=_act, args=(waiting, act), name=waiting.stem, daemon=True).start()


def release(folder: Path) -> list[str]:
    """The side of the test: let them act one by one; returns what came of each."""
    return [_released(waiting) for waiting in sorted(folder.glob("*.waiting"))]


def _act(waiting: Path, act: Callable[[], object]) -> None:
    while waiting.exists():
        time.sleep(_LOOK_S)
    try:
        act()
        outcome = "done"
    except Refused as refused:
        outcome = refused.kind
    partial = waiting.with_suffix(".new")
    partial.write_text(outcome)
    partial.replace(waiting.with_suffix(".ended"))


def _released(waiting: Path) -> str:
    ended = waiting.with_suffix(".ended")
    waiting.unlink()
    deadline = time.monotonic() + _PATIENCE_S
    while not ended.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{waiting.stem} did not end.")
        time.sleep(_LOOK_S)
    return ended.read_text()
