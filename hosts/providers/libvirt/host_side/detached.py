"""Processes that outlive the channel, its SSH session and the console: forked twice, in a session of their own.

They are forks, not commands: what they are told, tokens among it, is on no disk and no command line.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence

from .processes import start_of


class Detached:
    """A new process that waits for `go`; it ends by itself when that never comes."""

    def __init__(self, pid: int, starter: int) -> None:
        self.pid = pid
        self.started = start_of(pid)
        self._starter = starter

    def go(self) -> None:
        os.write(self._starter, b"!")
        self.give_up()

    def give_up(self) -> None:
        """Harmless after `go`."""
        if self._starter >= 0:
            os.close(self._starter)
            self._starter = -1


def detach(body: Callable[[], None], keep: Sequence[int] = ()) -> Detached:
    """A process that will run `body`. It has no descriptor of ours but those in `keep`: not the fence above all.

    Call it from a process with one thread only.
    """
    born, bear = os.pipe()
    start, starter = os.pipe()
    child = os.fork()
    if child == 0:
        _leave(body, keep, start, bear)
    os.close(bear)
    os.close(start)
    os.waitpid(child, 0)
    pid = os.read(born, 32)
    os.close(born)
    if not pid:
        os.close(starter)
        raise OSError("The host made no process.")
    return Detached(int(pid), starter)


def _leave(body: Callable[[], None], keep: Sequence[int], start: int, bear: int) -> None:
    """Never returns: what runs further up the stack belongs to the parent."""
    try:
        os.setsid()
        pid = os.fork()
        if pid:
            os.write(bear, str(pid).encode("ascii"))
            os._exit(0)
        _close_all_but({start, *keep})
        os.chdir("/")
        if os.read(start, 1):
            os.close(start)
            body()
    finally:
        os._exit(0)


def _close_all_but(keep: set[int]) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    for descriptor in [int(name) for name in os.listdir("/proc/self/fd")]:
        if descriptor > 2 and descriptor not in keep:
            with contextlib.suppress(OSError):  # the one that listed them
                os.close(descriptor)
