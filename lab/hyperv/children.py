"""Starts the processes of a host, guests and works, from one thread that lives as long as the host."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[2]


class Children:
    """The kernel kills a child when the thread that started it ends (see lifeline): so there is only this one."""

    def __init__(self, log_file: Path) -> None:
        self._log_file = log_file
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="children")

    def start(self, module: str, arguments: Sequence[str]) -> subprocess.Popen[str]:
        """`python -m module arguments` in a session of its own, without site-packages: that starts faster."""
        return self._thread.submit(self._start, [sys.executable, "-S", "-m", module, *arguments]).result()

    def close(self) -> None:
        """The children end with it."""
        self._thread.shutdown()

    def _start(self, command: list[str]) -> subprocess.Popen[str]:
        with self._log_file.open("a") as log:
            return subprocess.Popen(
                command,
                cwd=_PROJECT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                env=child_environment(),
            )


def child_environment() -> dict[str, str]:
    """Ours, but compiled modules are kept: without them every start would compile a dozen files first."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPATH": str(_PROJECT)}
