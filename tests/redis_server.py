"""A Redis of the tests' own, on a socket in a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab_moves import wait_until


class NoRedis(Exception):
    """This machine has none."""


@contextmanager
def redis_server() -> Iterator[Path]:
    """Yields the path of its socket. Raises NoRedis."""
    program = shutil.which("redis-server")
    if program is None:
        raise NoRedis("no Redis on this machine: apt-get install redis-server")
    with tempfile.TemporaryDirectory(prefix="ferry-redis-") as folder:
        socket = Path(folder) / "redis.sock"
        command = [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait_until(socket.exists, "Redis listens")
            yield socket
        finally:
            process.terminate()
            process.wait()
