"""Signals that ask this process to end: Ctrl-C, kill, and the terminal that closes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

Handler = Callable[[int, FrameType | None], None]


@contextmanager
def ending_by_interrupt() -> Iterator[None]:
    """Each of these signals raises KeyboardInterrupt in the main thread, so that every `finally` is run."""
    former = {number: signal.getsignal(number) for number in _ending_signals()}
    set_handler(_interrupt)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def leave(code: int, *, is_waiting_allowed: bool) -> NoReturn:
    """End the process. Python waits for every thread of a pool; a task that hangs must not keep us from ending."""
    if is_waiting_allowed:
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def set_handler(handler: Handler | signal.Handlers) -> None:
    for number in _ending_signals():
        signal.signal(number, handler)


def _ending_signals() -> list[signal.Signals]:
    """Whoever started us with nohup does not want us to end with the terminal."""
    hangup = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hangup]


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Once: a second signal does not interrupt the end that the first one began."""
    set_handler(signal.SIG_IGN)
    raise KeyboardInterrupt
