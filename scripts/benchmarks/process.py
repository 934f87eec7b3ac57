"""The server process that is measured: started as a user starts it, ended as a user ends it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

END_WITHIN_S = 60


@dataclass(frozen=True, slots=True)
class RunningServer:
    """`words`: what stood behind the address on the line that told it."""

    pid: int
    url: str
    words: tuple[str, ...]

    @property
    def address(self) -> str:
        """Such as 127.0.0.1:8000."""
        return self.url.removeprefix("http://").rstrip("/")


@contextmanager
def running_server(arguments: Sequence[str]) -> Iterator[RunningServer]:
    """Python with these arguments, from the moment it prints its address until Ctrl-C is sent to it."""
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        url, *words = _line_with_address(process)
        yield RunningServer(process.pid, url, tuple(words))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=END_WITHIN_S)


def _line_with_address(process: subprocess.Popen[str]) -> list[str]:
    """The words of the line that the server prints when it is ready, from its address on."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://\S+/.*", line):
            return found.group().split()
    raise RuntimeError("the server ended before it was ready")
