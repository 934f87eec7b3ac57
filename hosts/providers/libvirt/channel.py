"""The line to a host's own side: our program, sent through SSH or to a local Python, asked in JSON lines.

Requests and answers are on the program's stdin and stdout, one line each; so are the program itself and every secret,
which are on no command line and no disk. See host_side/answering.py for the other end.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from hosts.providers import errors
from hosts.providers.errors import (
    DeadlineExceeded,
    HostUnreachable,
    NotAHypervisor,
    ProtocolError,
    ProviderError,
    Refused,
)
from hosts.providers.libvirt.channel_line import BEAT_S, Line
from hosts.providers.libvirt.ssh_start import SshStart
from hosts.providers.types import Endpoint, Secret

DEFAULT_ROOT = "/var/lib/ferry"
# The other end lets go of its fence and ends when it has heard nothing for so long.
_SILENCE_S = int(4 * BEAT_S)
_START_S = 40.0
_MODULES = Path(__file__).parent / "host_side"
# Runs whatever comes first on stdin. One line of plain words, so that any login shell passes it on unchanged.
_BOOTSTRAP = (
    "import sys; sys.version_info < (3, 7) and sys.exit('ferry: Python %d.%d is too old' % sys.version_info[:2]); "
    "import json, zlib; r = sys.stdin.buffer; d = json.loads(zlib.decompress(r.read(int(r.read(10))))); "
    "g = {}; exec(d['modules']['loading'], g); g['run'](d)"
)
# What the program says first. A login shell may have printed something before.
_GREETING = b"ferry-host-side 1"
_NO_COMMAND = 127


class Start(Protocol):
    """How the program gets to a host: the one thing in which channels differ."""

    def command(self, python: Sequence[str]) -> Sequence[str]:
        """What to run here so that `python` runs there."""

    def failure(self, exit_code: int, said: str, /) -> ProviderError | None:
        """What it means that this command itself failed; None when it did not."""


def ssh_channel(endpoint: Endpoint, *, root: str = DEFAULT_ROOT, forwards: Mapping[str, str] | None = None) -> Channel:
    """Over SSH with the endpoint's private key and pinned host key. Raises AccessDenied for a key that is none.

    `forwards`: sockets of the host that the same SSH connection leads to, by their paths here.
    """
    return Channel(endpoint.name, SshStart(endpoint, forwards), root=root)


def local_channel(host: str, *, root: str) -> Channel:
    """The same program as a process of this machine: for tests, and for hosts that are this machine."""
    return Channel(host, _LocalStart(), root=root)


class Channel:
    """For one thread. Connects with the first call; after a call that found it dead the next one connects again, but
    not inside a fence, which died with it."""

    def __init__(self, host: str, start: Start, *, root: str = DEFAULT_ROOT) -> None:
        self.host = host
        self._start = start
        self._root = root
        self._line: Line | None = None
        self._is_fenced = False

    def call(
        self,
        verb: str,
        parameters: Mapping[str, object],
        *,
        deadline_s: float,
        claim: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        """The result of a verb of the host side, which enters the claim's fence for it.

        `claim`: {"job", "call", "wait_s"} of claims.py. Raises what errors.py has a name for: HostUnreachable and
        DeadlineExceeded end the connection.
        """
        line = self._connected()
        request = json.dumps({"verb": verb, "parameters": dict(parameters), "claim": claim}, default=_reveal)
        try:
            answer = line.ask(request.encode("ascii") + b"\n", time.monotonic() + deadline_s)
        except TimeoutError:
            self._drop()
            raise DeadlineExceeded(self.host, f"{verb} was given up after {deadline_s:.0f} seconds.") from None
        except OSError:
            raise self._ended() from None
        return self._result(verb, answer)

    def enter_fence(self, claim: Mapping[str, object], *, deadline_s: float) -> None:
        """Hold the job's fence on the host until `leave_fence`, or until this channel ends."""
        self.call("enter-fence", {}, deadline_s=deadline_s, claim=claim)
        self._is_fenced = True

    def leave_fence(self) -> None:
        """Raises nothing: a channel that ended has left it."""
        if not self._is_fenced:
            return
        try:
            self.call("leave-fence", {}, deadline_s=_START_S)
        except ProviderError:
            self._drop()
        self._is_fenced = False

    def close(self) -> None:
        """Harmless when closed, raises nothing. What was detached on the host goes on."""
        self._drop()
        self._is_fenced = False

    def _connected(self) -> Line:
        if self._line is not None and self._line.is_open():
            return self._line
        if self._is_fenced:
            raise HostUnreachable(self.host, "The connection ended during a change of this job.")
        self._drop()
        try:
            self._line = Line(self._start.command(["python3", "-c", _BOOTSTRAP]))
            self._line.greet(_program(self._root), _GREETING, time.monotonic() + _START_S)
        except TimeoutError:
            self._drop()
            raise DeadlineExceeded(self.host, f"Ferry's program did not start within {_START_S:.0f} seconds.") from None
        except OSError:
            raise self._ended() from None
        return self._line

    def _drop(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _ended(self) -> ProviderError:
        """Why the command that carries the line ended; closes what is left of it."""
        if self._line is None:
            return HostUnreachable(self.host, "The connection is closed.")
        exit_code, said = self._line.farewell()
        self._drop()
        if found := self._start.failure(exit_code, said):
            return found
        last = said.strip().splitlines()[-1:]
        if exit_code == _NO_COMMAND or "ferry: Python" in said:
            text = "python3 is missing or older than 3.7: Ferry's program cannot run."
            return NotAHypervisor(self.host, text, action="Install Python 3.7 or newer on the host.")
        return HostUnreachable(self.host, f"Ferry's program on the host ended (code {exit_code}): {''.join(last)}")

    def _result(self, verb: str, answer: bytes) -> dict[str, Any]:
        try:
            read = json.loads(answer)
        except ValueError:
            read = None
        if isinstance(read, dict) and isinstance(read.get("result"), dict):
            result: dict[str, Any] = read["result"]
            return result
        if isinstance(read, dict) and isinstance(read.get("error"), dict):
            raise _named(self.host, str(read["error"].get("kind")), str(read["error"].get("message")))
        self._drop()
        raise ProtocolError(self.host, f"The answer to {verb} cannot be read.", action="Retry; the host is asked anew.")


class _LocalStart:
    def command(self, python: Sequence[str]) -> Sequence[str]:
        return python

    def failure(self, _exit_code: int, _said: str, /) -> None:
        """Nothing stands between a local program and us."""


def _program(root: str) -> bytes:
    """What _BOOTSTRAP reads: ten digits of length, then all modules and what they are told, compressed."""
    modules = {path.stem: path.read_text(encoding="utf-8") for path in sorted(_MODULES.glob("*.py"))}
    document = {"modules": modules, "root": root, "silence_s": _SILENCE_S}
    packed = zlib.compress(json.dumps(document).encode("ascii"))
    return b"%010d" % len(packed) + packed


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} cannot travel to a host")


def _named(host: str, kind: str, message: str) -> ProviderError:
    """The host's error under the class of that name."""
    named = getattr(errors, kind, None)
    if isinstance(named, type) and issubclass(named, ProviderError):
        return named(host, message)
    return Refused(host, message, kind=kind)
