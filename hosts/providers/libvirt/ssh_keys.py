"""Private keys stay in memory: one ssh-agent of this process holds them, every ssh asks it.

On the disk are only public keys, pinned host keys and what tells ssh where they are, in a folder for us alone.
"""

from __future__ import annotations

import atexit
import base64
import binascii
import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from hosts.providers.errors import AccessDenied, HostKeyUntrusted, HostUnreachable, ProviderError
from hosts.providers.types import Endpoint

_WAIT_S = 20
# The host is known by the pinned key alone, so it bears this name in its known_hosts, whatever its address is.
_HOST = "ferry-host"
_CONFIG = """\
BatchMode yes
CheckHostIP no
ConnectTimeout 10
ControlMaster no
ControlPath none
EscapeChar none
ForwardAgent no
GlobalKnownHostsFile /dev/null
HostKeyAlias {host}
IdentitiesOnly yes
IdentityAgent "{socket}"
IdentityFile "{folder}/key.pub"
LogLevel ERROR
PermitLocalCommand no
PreferredAuthentications publickey
RequestTTY no
ServerAliveCountMax 3
ServerAliveInterval 10
StreamLocalBindUnlink yes
StrictHostKeyChecking yes
UpdateHostKeys no
UserKnownHostsFile "{folder}/known_hosts"
"""


class SshLogin:
    """How ssh signs in to one host with its key and knows it by its host key.

    Raises AccessDenied when the endpoint's password is no private key that can be used, HostKeyUntrusted when its
    host key is none, HostUnreachable when OpenSSH is missing on this machine.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        private, public = _key_pair(endpoint)
        host_key = _pinned(endpoint)
        try:
            agent = _agent()
            agent.add(private, public)
            self._folder = _login_folder(agent, public, host_key)
        except (OSError, subprocess.SubprocessError) as error:
            text = f"The SSH agent of this machine cannot be used: {error}"
            raise HostUnreachable(endpoint.name, text, action="Install OpenSSH's client.") from None

    def arguments(self, forwards: Mapping[str, str] | None = None) -> list[str]:
        """The ssh command up to the host; what it is to run there follows. `forwards`: paths of sockets, of one that
        ssh makes here and of the host's behind it."""
        to, sockets = self._endpoint, [f"{here}:{there}" for here, there in (forwards or {}).items()]
        return [
            "ssh",
            "-F",
            str(self._folder / "config"),
            *(word for each in sockets for word in ("-L", each)),
            "-T",
            "-p",
            str(to.port),
            "-l",
            to.username,
            "--",
            to.address,
        ]


def private_path(name: str) -> Path:
    """Of a file in the folder of this process's keys, which goes away with the process. Raises OSError."""
    return _agent().folder / name


def fingerprint(host_key: str) -> str:
    """ "SHA256:..." of a host key such as "ssh-ed25519 AAAA...", as ssh-keygen -l shows it. Raises ValueError."""
    try:
        blob = base64.b64decode(host_key.split()[1], validate=True)
    except (IndexError, binascii.Error):
        raise ValueError("That is no host key.") from None
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii").rstrip("=")


def shown_host_key(address: str, port: int, *, like: str = "") -> str:
    """The key that a host shows to anybody, such as "ssh-ed25519 AAAA...": of the same type as `like` if it has one,
    else the first of Ed25519, ECDSA, RSA. Raises HostUnreachable."""
    command = [_program("ssh-keyscan"), "-T", "10", "-p", str(port), "-t", "ed25519,ecdsa,rsa", "--", address]
    try:
        scanned = subprocess.run(command, capture_output=True, text=True, timeout=_WAIT_S, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise HostUnreachable(address, f"ssh-keyscan could not be run: {error}") from None
    lines = [line.split(None, 1)[1].strip() for line in scanned.stdout.splitlines() if not line.startswith("#")]
    if not lines:
        action = "Check that the host is on and that SSH listens on the port."
        raise HostUnreachable(address, f"No SSH server shows a host key on port {port}.", action=action)
    wanted = [*like.split()[:1], "ssh-ed25519", "ecdsa-sha2-nistp256"]
    return min(lines, key=lambda line: wanted.index(line.split()[0]) if line.split()[0] in wanted else len(wanted))


def _program(name: str) -> str:
    """The path of a program of OpenSSH, for those that get no environment to look for it in."""
    return shutil.which(name) or name


class _Agent:
    """An ssh-agent in a private folder. It runs a cat on a pipe of ours, and ends when that does: with this process,
    however it ends."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ferry-ssh-"))
        self.socket = self.folder / "agent"
        self._added: set[bytes] = set()
        self._process = subprocess.Popen(
            [_program("ssh-agent"), "-a", str(self.socket), "sh", "-c", "echo $SSH_AGENT_PID; exec cat >/dev/null"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._pid = int(self._process.stdout.readline() or 0)
        if not self._pid:
            raise OSError("ssh-agent did not start.")

    def is_alive(self) -> bool:
        return self._process.poll() is None and self.socket.is_socket()

    def add(self, private: bytes, public: bytes) -> None:
        if public in self._added:
            return
        environment = {"SSH_AUTH_SOCK": str(self.socket)}
        command = [_program("ssh-add"), "-q", "-"]
        added = subprocess.run(
            command, input=private, capture_output=True, timeout=_WAIT_S, check=False, env=environment
        )
        if added.returncode:
            raise OSError(added.stderr.decode("utf-8", "replace").strip())
        self._added.add(public)

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(_WAIT_S)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGTERM)  # it would look for its cat every ten seconds only
        shutil.rmtree(self.folder, ignore_errors=True)


# By process: a forked one has no right to its parent's.
_agents: dict[int, _Agent] = {}
_lock = threading.Lock()


def _agent() -> _Agent:
    with _lock:
        found = _agents.get(os.getpid())
        if found is None or not found.is_alive():
            found = _Agent()
            _agents[os.getpid()] = found
            atexit.register(_close, os.getpid(), found)
        return found


def _close(owner: int, agent: _Agent) -> None:
    if os.getpid() == owner:
        agent.close()


def _key_pair(endpoint: Endpoint) -> tuple[bytes, bytes]:
    """The private key as OpenSSH writes it and the public one, of any PEM."""
    pem = endpoint.password.reveal().strip().encode("utf-8") + b"\n"
    load = load_ssh_private_key if b"BEGIN OPENSSH" in pem else load_pem_private_key
    try:
        key = load(pem, None)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        return private, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    except TypeError:
        raise _refused(endpoint, "has a passphrase: give a key without one, for Ferry alone.") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _refused(
            endpoint, "is none that can be read: give a whole private key (PEM) without a passphrase."
        ) from None


def _pinned(endpoint: Endpoint) -> str:
    """Type and key alone. Empty when none is trusted yet: ssh then refuses whatever the host shows."""
    if endpoint.host_key:
        try:
            fingerprint(endpoint.host_key)
        except ValueError:
            raise HostKeyUntrusted(endpoint.name, "The host key that is to be trusted is none.") from None
    return " ".join(endpoint.host_key.split()[:2])


def _refused(endpoint: Endpoint, what: str) -> ProviderError:
    return AccessDenied(endpoint.name, f"The private key {what}", action="Make one with ssh-keygen -t ed25519 -N ''.")


def _login_folder(agent: _Agent, public: bytes, host_key: str) -> Path:
    """The files of one key and one host key; made once, so that an ssh which reads them never sees half of one."""
    name = hashlib.sha256(public + b"\n" + host_key.encode("utf-8")).hexdigest()[:32]
    folder = agent.folder / name
    with _lock:
        if not folder.exists():
            draft = Path(tempfile.mkdtemp(dir=agent.folder))
            _write_login(draft, folder, agent.socket, public, host_key)
            draft.rename(folder)
    return folder


def _write_login(draft: Path, folder: Path, socket: Path, public: bytes, host_key: str) -> None:
    (draft / "key.pub").write_bytes(public + b"\n")
    (draft / "known_hosts").write_text(f"{_HOST} {host_key}\n" if host_key else "", encoding="utf-8")
    (draft / "config").write_text(_CONFIG.format(host=_HOST, socket=socket, folder=folder), encoding="utf-8")
    for path in draft.iterdir():
        path.chmod(0o600)
