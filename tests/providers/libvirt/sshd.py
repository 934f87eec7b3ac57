"""An SSH server of the tests' own on loopback: own keys, own port, whoever runs the tests signs in."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hosts.providers.types import Endpoint, Secret, Transport

_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
"""


@dataclass(frozen=True, slots=True)
class Sshd:
    """`private_key` signs in; `host_key` is the server's public one."""

    port: int
    folder: Path
    private_key: str
    host_key: str

    def endpoint(self, **other: object) -> Endpoint:
        user, key = getpass.getuser(), Secret(self.private_key)
        made = Endpoint("KVM01", "127.0.0.1", self.port, Transport.LIBVIRT_SSH, user, key, host_key=self.host_key)
        return replace(made, **other)  # type: ignore[arg-type]


def new_key(path: Path, *words: str) -> tuple[str, str]:
    """(private, public) of a new key, whose files lie at `path`."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path), *words]
    subprocess.run(command, check=True, capture_output=True)
    return path.read_text(), " ".join(path.with_suffix(".pub").read_text().split()[:2])


@contextmanager
def sshd(folder: Path) -> Iterator[Sshd]:
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if program is None:
        pytest.skip("OpenSSH's server is not installed")
    Path("/run/sshd").mkdir(exist_ok=True) if getpass.getuser() == "root" else None
    _, host_key = new_key(folder / "host_key")
    private_key, public_key = new_key(folder / "user_key")
    (folder / "authorized").write_text(public_key + "\n")
    port = _free_port()
    (folder / "config").write_text(_CONFIG.format(port=port, folder=folder))
    with subprocess.Popen([program, "-D", "-e", "-f", folder / "config"], stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(port)
            yield Sshd(port, folder, private_key, host_key)
        finally:
            server.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "sshd did not start"
            time.sleep(0.05)
        else:
            return
