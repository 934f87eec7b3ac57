"""Both ends of the wire for tests: a WS-Man server whose commands do what a test says, and endpoints to it."""

from __future__ import annotations

import base64
import json
import random
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from hosts.providers.errors import ProviderError
from hosts.providers.hyperv.winrm_shell import WinRmShell
from hosts.providers.types import Endpoint, Secret, Transport
from lab.hyperv.certificates import Certificate, issue_certificate, make_authority
from lab.hyperv.wsman import Answer, Login, WsmanServer

WINRM = (Transport.NTLM_HTTP, Transport.NTLM_HTTPS, Transport.BASIC_HTTPS)
USER = "FERRYLAB\\svc-ferry"
PASSWORD = "Xk7-pässword-only-here"
GUEST = Login("guest", "guest-password", is_administrator=False)

SHARE_PASSWORD = 'share "pass"-wörd'
BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

Behave = Callable[[dict[str, Any], threading.Event], Answer]


def result(**fields: object) -> Answer:
    """What bootstrap.ps1 prints when the script returned an object with these fields."""
    return Answer(json.dumps({"result": fields}, ensure_ascii=False).encode(), b"", 0)


def failure(kind: str, message: str) -> Answer:
    """What bootstrap.ps1 prints when the script raised."""
    error = {"kind": kind, "category": "NotSpecified", "message": message}
    return Answer(json.dumps({"error": error}).encode(), b"", 1)


def echo(request: dict[str, Any], cancelled: threading.Event) -> Answer:
    return result(**request)


def free_address() -> str:
    """An address of the loopback network that no other test uses."""
    return f"127.{random.randint(200, 250)}.{random.randint(1, 250)}.{random.randint(1, 250)}"


@dataclass
class Wire:
    """`behave` is what the next commands do: it gets {"script", "parameters"} and an event set on cancel."""

    server: WsmanServer
    authority: Certificate
    behave: Behave = echo
    command_lines: list[str] = field(default_factory=list)
    cancelled: list[threading.Event] = field(default_factory=list)

    def execute(self, command_line: str, stdin: bytes, cancelled: threading.Event) -> Answer:
        self.command_lines.append(command_line)
        self.cancelled.append(cancelled)
        return self.behave(json.loads(stdin), cancelled)

    def endpoint(self, transport: Transport = Transport.NTLM_HTTP) -> Endpoint:
        port = self.server.http_port if transport is Transport.NTLM_HTTP else self.server.https_port
        assert port is not None
        ca_file = str(self.authority.cert_file)
        return Endpoint("HV01", self.server.address, port, transport, USER, Secret(PASSWORD), ca_file)


def fail(endpoint: Endpoint, deadline_s: float = 10) -> ProviderError:
    """Run a script that carries a secret; it must fail, in time, with an error that shows none."""
    shell = WinRmShell(endpoint)
    begun = time.monotonic()
    with pytest.raises(ProviderError) as caught:
        shell.run_script("s", {"Password": Secret(SHARE_PASSWORD), "Tag": "t"}, deadline_s=deadline_s)
    assert time.monotonic() - begun < deadline_s + 1
    shown = _all_that_shows(caught.value)
    for secret in (endpoint.password.reveal(), BASIC, SHARE_PASSWORD, SHARE_PASSWORD.replace('"', '\\"')):
        assert secret not in shown
    shell.close()
    return caught.value


def _all_that_shows(error: ProviderError) -> str:
    """What any log or error page could show of the error, the variables of all frames included."""
    assert error.__cause__ is None
    assert error.__context__ is None
    trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join([str(error), repr(error), error.kind, error.action, *trace.format()])


def misbehave(host: Wire, failing: Callable[[], Answer]) -> None:
    host.behave = lambda request, cancelled: failing()


@contextmanager
def wire(folder: Path) -> Iterator[Wire]:
    address = free_address()
    authority = make_authority(folder)
    certificate = issue_certificate(authority, folder, address)
    logins = [Login(USER, PASSWORD), GUEST]

    def execute(command_line: str, stdin: bytes, cancelled: threading.Event) -> Answer:
        return made.execute(command_line, stdin, cancelled)

    made = Wire(WsmanServer(address, 0, 0, logins, certificate, execute), authority)
    made.server.start()
    try:
        yield made
    finally:
        made.server.stop()


@contextmanager
def listener(answer: Callable[[socket.socket], None]) -> Iterator[Endpoint]:
    """A port where something that is no WinRM answers: `answer` gets each connection in a thread."""
    stopped = threading.Event()
    with socket.create_server((free_address(), 0)) as server:
        threading.Thread(target=_accept, args=(server, answer, stopped), daemon=True).start()
        address, port = server.getsockname()
        yield Endpoint("HV09", address, port, Transport.NTLM_HTTP, USER, Secret(PASSWORD))
        stopped.set()
        server.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket, answer: Callable[[socket.socket], None], stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def at_port(endpoint: Endpoint, port: int) -> Endpoint:
    return replace(endpoint, port=port)


def eventually(condition: Callable[[], bool], within_s: float = 3.0) -> bool:
    """Poll until the condition holds; False when it did not in time."""
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
