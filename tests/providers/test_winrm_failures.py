"""What can go wrong between the console and a host, and what the operator is told: never a secret, never late."""

from __future__ import annotations

import base64
import logging
import socket
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hosts.providers import errors
from hosts.providers.hyperv.winrm_shell import WinRmShell
from hosts.providers.types import Endpoint, Secret, Transport
from lab.hyperv import soap
from lab.hyperv.certificates import issue_certificate, make_authority
from lab.hyperv.wsman import Answer, DropConnection, Garbage, Login, WsmanServer
from tests.wire import (
    BASIC,
    GUEST,
    PASSWORD,
    SHARE_PASSWORD,
    USER,
    WINRM,
    Wire,
    at_port,
    eventually,
    fail,
    free_address,
    listener,
    misbehave,
    wire,
)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Wire]:
    with wire(tmp_path) as made:
        yield made


@pytest.mark.parametrize("transport", WINRM)
def test_a_wrong_password_is_denied(host: Wire, transport: Transport) -> None:
    error = fail(replace(host.endpoint(transport), password=Secret("wrong-but-secret")))

    assert type(error) is errors.AccessDenied
    assert str(error) == f"HV01: The host refused the login of {USER}."


def test_an_unknown_user_is_denied(host: Wire) -> None:
    assert type(fail(replace(host.endpoint(), username="nobody"))) is errors.AccessDenied


def test_a_password_that_basic_cannot_carry_is_told_as_such(host: Wire) -> None:
    error = fail(replace(host.endpoint(Transport.BASIC_HTTPS), password=Secret("東京")))

    assert type(error) is errors.AccessDenied
    assert "Basic authentication cannot carry the login" in error.message


@pytest.mark.parametrize("transport", WINRM)
def test_a_user_without_rights_is_denied_a_shell(host: Wire, transport: Transport) -> None:
    endpoint = replace(host.endpoint(transport), username=GUEST.username, password=Secret(GUEST.password))

    error = fail(endpoint)

    assert type(error) is errors.AccessDenied
    assert "refuses guest a shell" in error.message


def test_a_closed_port_is_unreachable(host: Wire) -> None:
    error = fail(at_port(host.endpoint(), 1))

    assert type(error) is errors.HostUnreachable
    assert error.message == f"{host.server.address} port 1 refuses connections: nothing listens there."


@pytest.mark.parametrize(
    ("address", "message"),
    [("no-such-host.invalid", "does not resolve"), ("bad address", "address"), ("255.255.255.255", "no way")],
)
def test_an_address_that_leads_nowhere_is_unreachable(host: Wire, address: str, message: str) -> None:
    error = fail(replace(host.endpoint(), address=address))

    assert type(error) is errors.HostUnreachable
    assert message in error.message


def test_a_certificate_of_an_unknown_authority_is_untrusted(host: Wire, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = make_authority(tmp_path / "other")

    for ca_file in (None, str(other.cert_file)):
        error = fail(replace(host.endpoint(Transport.BASIC_HTTPS), ca_file=ca_file))
        assert type(error) is errors.CertificateUntrusted
        assert "unable to get local issuer" in error.message or "signature" in error.message


def serve_https(folder: Path, address: str, named: str, until: datetime) -> tuple[WsmanServer, str]:
    authority = make_authority(folder)
    certificate = issue_certificate(authority, folder, named, until=until)
    server = WsmanServer(address, None, 0, [Login(USER, PASSWORD)], certificate, lambda *_: Answer(b"", b"", 0))
    server.start()
    return server, str(authority.cert_file)


@pytest.mark.parametrize(
    ("named", "days", "message"), [("127.0.0.99", 9, "IP address mismatch"), (None, -1, "certificate has expired")]
)
def test_a_wrong_or_expired_certificate_is_untrusted(
    tmp_path: Path, named: str | None, days: int, message: str
) -> None:
    address = free_address()
    until = datetime.now(UTC) + timedelta(days=days)
    server, ca_file = serve_https(tmp_path, address, named or address, until)
    assert server.https_port is not None

    error = fail(Endpoint("HV02", address, server.https_port, Transport.NTLM_HTTPS, USER, Secret(PASSWORD), ca_file))

    server.stop()
    assert type(error) is errors.CertificateUntrusted
    assert message in error.message


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_missing_or_empty_authority_file_is_named(host: Wire, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "authority.pem"
    if content is not None:
        path.write_text(content)

    error = fail(replace(host.endpoint(Transport.NTLM_HTTPS), ca_file=str(path)))

    assert type(error) is errors.CertificateUntrusted
    assert str(path) in error.message


def test_plain_http_where_tls_is_expected_is_a_protocol_error(host: Wire) -> None:
    endpoint = replace(host.endpoint(), transport=Transport.BASIC_HTTPS)

    assert type(fail(endpoint)) is errors.ProtocolError


def test_tls_where_plain_http_is_expected_is_no_winrm(host: Wire) -> None:
    endpoint = replace(host.endpoint(Transport.NTLM_HTTPS), transport=Transport.NTLM_HTTP)

    assert isinstance(fail(endpoint), errors.ProtocolError | errors.HostUnreachable)


def test_a_server_that_accepts_and_never_answers_costs_no_more_than_the_deadline() -> None:
    with listener(lambda connection: None) as endpoint:
        for transport in WINRM:
            error = fail(replace(endpoint, transport=transport), deadline_s=0.5)
            assert type(error) is errors.DeadlineExceeded
            assert "within 0.5 seconds" in error.message


def test_a_server_that_drips_its_answer_costs_no_more_than_the_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while True:
                connection.sendall(b"x")
                time.sleep(0.05)

    with listener(drip) as endpoint:
        assert type(fail(endpoint, deadline_s=0.5)) is errors.DeadlineExceeded


@pytest.mark.parametrize("transport", WINRM)
def test_a_script_that_hangs_is_ended_on_the_host_at_the_deadline(host: Wire, transport: Transport) -> None:
    def hang(request: dict[str, object], cancelled: threading.Event) -> Answer:
        cancelled.wait(20)
        return Answer(b"", b"", 1)

    host.behave = hang

    shell = WinRmShell(host.endpoint(transport))

    with pytest.raises(errors.DeadlineExceeded):
        shell.run_script("s", {}, deadline_s=1.3)
    assert eventually(host.cancelled[0].is_set)
    assert host.server.shells.count() == 1
    shell.close()
    assert host.server.shells.count() == 0


def test_a_connection_dropped_in_the_middle_is_unreachable_and_nothing_is_sent_again(host: Wire) -> None:
    def drop() -> Answer:
        raise DropConnection

    misbehave(host, drop)

    error = fail(host.endpoint())

    assert type(error) is errors.HostUnreachable
    assert "dropped the connection" in error.message
    assert len(host.command_lines) == 1


@pytest.mark.parametrize("transport", WINRM)
def test_garbage_for_an_answer_is_a_protocol_error_that_quotes_it(host: Wire, transport: Transport) -> None:
    def garbage() -> Answer:
        raise Garbage(f"<html>proxy {PASSWORD}   says\r\nno</html>".encode())

    misbehave(host, garbage)

    error = fail(host.endpoint(transport))

    assert type(error) is errors.ProtocolError
    assert "<html>proxy ***** says no</html>" in error.message


def test_an_answer_in_clear_is_not_believed_where_encryption_was_agreed(host: Wire) -> None:
    def forged() -> Answer:
        body = soap.output("any", [("stdout", base64.b64encode(b'{"result":{"forged":true}}').decode())], 0)
        request = soap.Request("Receive", "uuid:1", "", 1, 153_600, ET.Element("body"))
        raise Garbage(soap.answer(request, body), "application/soap+xml")

    misbehave(host, forged)

    assert type(fail(host.endpoint())) is errors.ProtocolError


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM AAAA\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 503 Unavailable\r\nContent-Length: 2\r\n\r\n\xff\xfe",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x00\x01\x02\n",
    ],
)
def test_an_answer_that_is_no_winrm_is_told_as_such(answer: bytes) -> None:
    def speak(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while connection.recv(65_536):
                connection.sendall(answer)

    with listener(speak) as endpoint:
        error = fail(endpoint, deadline_s=3)

    assert isinstance(error, errors.ProtocolError | errors.AccessDenied | errors.HostUnreachable)
    assert not isinstance(error, errors.DeadlineExceeded)


def test_a_redirect_is_not_followed() -> None:
    def send_away(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            location = f"http://{thief.address}:{thief.port}/wsman"
            while connection.recv(65_536):
                connection.sendall(f"HTTP/1.1 307 Away\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())

    visitors: list[socket.socket] = []
    with listener(visitors.append) as thief, listener(send_away) as endpoint:
        error = fail(endpoint, deadline_s=2)

    assert type(error) is errors.ProtocolError
    assert visitors == []


def test_a_login_that_failed_holds_no_shell_of_the_others(host: Wire) -> None:
    endpoint = replace(host.endpoint(), max_shells=1)
    denied, allowed = WinRmShell(replace(endpoint, password=Secret("wrong"))), WinRmShell(endpoint)
    with pytest.raises(errors.AccessDenied):
        denied.run_script("s", {}, deadline_s=5)

    assert allowed.run_script("s", {}, deadline_s=5)
    allowed.close()
    denied.close()


def test_nothing_secret_is_logged_at_any_level_of_ours(host: Wire, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    misbehave(host, lambda: Answer(b"x", b"", 1))

    fail(host.endpoint(Transport.BASIC_HTTPS))

    assert not [secret for secret in (PASSWORD, SHARE_PASSWORD, BASIC) if secret in caplog.text]
