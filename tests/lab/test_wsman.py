"""The emulated WS-Man endpoint, judged by the real pywinrm: the verbs, WinRM's own limits, and who may come in."""

from __future__ import annotations

import base64
import http.client
import ssl
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError, WinRMTransportError, WSManFaultError
from winrm.protocol import Protocol

from lab.hyperv import shells, soap
from lab.hyperv.certificates import Certificate, issue_certificate, make_authority
from lab.hyperv.wsman import Answer, Login, WsmanServer
from tests.wire import PASSWORD, USER, eventually, free_address

Auth = Literal["ntlm", "basic", "plaintext"]


class Machine:
    """Answers with what it was told; `gate` holds every command back until it is set."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.cancelled = threading.Event()

    def execute(self, command_line: str, stdin: bytes, cancelled: threading.Event) -> Answer:
        while not self.gate.wait(0.01):
            if cancelled.is_set():
                self.cancelled.set()
                break
        return Answer(command_line.encode() + b"|" + stdin, b"warning", 3)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return issue_certificate(make_authority(tmp_path), tmp_path, free_address())


@pytest.fixture
def server(machine: Machine, certificate: Certificate) -> Iterator[WsmanServer]:
    logins = [Login(USER, PASSWORD), Login("other", "other-password")]
    made = WsmanServer(certificate.cert_file.stem, 0, 0, logins, certificate, machine.execute)
    made.start()
    yield made
    made.stop()


def client(server: WsmanServer, auth: Auth = "ntlm", **options: Any) -> Protocol:
    """pywinrm as a stranger would use it, over plain HTTP."""
    usual: dict[str, Any] = {"operation_timeout_sec": 1, "read_timeout_sec": 5, "ca_trust_path": None, "proxy": None}
    login = {"username": USER, "password": PASSWORD}
    return Protocol(f"http://{server.address}:{server.http_port}/wsman", auth, **(usual | login | options))


def run(protocol: Protocol, command: str, stdin: bytes = b"") -> tuple[bytes, bytes, int]:
    shell = protocol.open_shell()
    command_id = protocol.run_command(shell, command)
    protocol.send_command_input(shell, command_id, stdin, end=True)
    answer = protocol.get_command_output(shell, command_id)
    protocol.cleanup_command(shell, command_id)
    protocol.close_shell(shell)
    return answer


def fault_code(protocol: Protocol, shell: str, command: str = "any") -> int | None:
    with pytest.raises(WSManFaultError) as caught:
        protocol.run_command(shell, command)
    return caught.value.wsman_fault_code


def test_a_stranger_with_ntlm_runs_a_command(server: WsmanServer) -> None:
    assert run(client(server), "hostname", b"\x00\xffin") == (b"hostname|\x00\xffin", b"warning", 3)


def test_stdin_in_pieces_arrives_in_order(server: WsmanServer) -> None:
    protocol = client(server)
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "c")
    for piece, is_last in ((b"a", False), (b"b", False), (b"", True)):
        protocol.send_command_input(shell, command, piece, end=is_last)

    assert protocol.get_command_output(shell, command)[0] == b"c|ab"


def test_long_output_comes_in_envelopes_under_the_limit(server: WsmanServer) -> None:
    protocol = client(server)
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "c")
    for end in (False, False, True):
        protocol.send_command_input(shell, command, b"x" * 100_000, end=end)
    first, _, _, is_done = protocol.get_command_output_raw(shell, command)

    assert 100_000 < len(first) < soap.MAX_ENVELOPE_BYTES * 3 // 4
    assert not is_done
    assert len(first) + len(protocol.get_command_output(shell, command)[0]) == 300_002


def test_a_receive_without_output_times_out_and_later_gets_it(server: WsmanServer, machine: Machine) -> None:
    machine.gate.clear()
    protocol = client(server)
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "c")
    protocol.send_command_input(shell, command, b"", end=True)

    with pytest.raises(WinRMOperationTimeoutError):
        protocol.get_command_output_raw(shell, command)
    machine.gate.set()
    assert protocol.get_command_output(shell, command) == (b"c|", b"warning", 3)


@pytest.mark.parametrize("way", ["signal", "delete"])
def test_a_signal_or_the_end_of_the_shell_cancels_a_command(server: WsmanServer, machine: Machine, way: str) -> None:
    machine.gate.clear()
    protocol = client(server)
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "c")
    protocol.send_command_input(shell, command, b"", end=True)

    if way == "signal":
        protocol.cleanup_command(shell, command)
    else:
        protocol.close_shell(shell)
    assert machine.cancelled.wait(2)


def test_an_unknown_shell_and_one_of_somebody_else_are_not_found(server: WsmanServer) -> None:
    protocol = client(server)
    others = client(server, username="other", password="other-password").open_shell()

    assert fault_code(protocol, "11111111-1111-1111-1111-111111111111") == soap.SHELL_NOT_FOUND
    assert fault_code(protocol, others) == soap.SHELL_NOT_FOUND


def test_a_shell_that_is_idle_too_long_is_gone(server: WsmanServer) -> None:
    protocol = client(server)
    shell = protocol.open_shell(idle_timeout="PT0.000001S")

    assert fault_code(protocol, shell) == soap.SHELL_NOT_FOUND


def test_a_user_gets_thirty_shells_and_no_more(server: WsmanServer) -> None:
    protocol = client(server)
    for _ in range(shells.MAX_SHELLS_PER_USER):
        protocol.open_shell()

    with pytest.raises(WSManFaultError) as caught:
        protocol.open_shell()
    assert caught.value.wsman_fault_code == soap.QUOTA_MAX_SHELLS
    assert client(server, username="other", password="other-password").open_shell()


def test_a_shell_runs_25_processes_and_no_more(server: WsmanServer) -> None:
    protocol = client(server)
    shell = protocol.open_shell()
    for _ in range(shells.MAX_PROCESSES_PER_SHELL):
        protocol.run_command(shell, "c")

    assert fault_code(protocol, shell) == soap.QUOTA_LIMIT


def test_ended_commands_count_against_the_operations_of_the_user(
    server: WsmanServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shells, "MAX_OPERATIONS_PER_USER", 1)
    protocol = client(server)
    shell = protocol.open_shell()
    protocol.cleanup_command(shell, protocol.run_command(shell, "c"))

    assert fault_code(protocol, shell) == soap.QUOTA_MAX_OPERATIONS
    protocol.close_shell(shell, close_session=False)
    assert protocol.run_command(protocol.open_shell(), "c")


def test_a_command_line_that_cmd_cannot_take_ends_at_once(server: WsmanServer) -> None:
    too_long = run(client(server), "x" * (shells.MAX_COMMAND_LINE + 1), b"in")

    assert too_long == (b"", b"The command line is too long.\r\n", 1)
    assert run(client(server), "x" * shells.MAX_COMMAND_LINE)[2] == 3


def test_an_envelope_over_the_limit_is_refused(server: WsmanServer) -> None:
    protocol = client(server)
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "c")

    with pytest.raises(WSManFaultError) as caught:
        protocol.send_command_input(shell, command, b"x" * 115_000, end=True)
    assert caught.value.wsman_fault_code == soap.ENVELOPE_TOO_LARGE


def test_an_unknown_command_is_a_fault(server: WsmanServer) -> None:
    protocol = client(server)

    with pytest.raises(WSManFaultError):
        protocol.get_command_output_raw(protocol.open_shell(), "22222222-2222-2222-2222-222222222222")


@pytest.mark.parametrize(("username", "password"), [(USER, "wrong"), ("nobody", PASSWORD), (USER, "")])
def test_a_wrong_login_is_refused(server: WsmanServer, username: str, password: str) -> None:
    with pytest.raises(InvalidCredentialsError):
        client(server, username=username, password=password).open_shell()


def test_basic_over_plain_http_is_refused_even_with_the_right_password(server: WsmanServer) -> None:
    with pytest.raises(InvalidCredentialsError):
        client(server, "plaintext").open_shell()


def test_unencrypted_messages_over_plain_http_are_refused(server: WsmanServer) -> None:
    with pytest.raises(WSManFaultError, match="Unencrypted"):
        client(server, message_encryption="never").open_shell()


def test_basic_and_ntlm_come_in_by_https_for_those_who_trust_the_authority(
    server: WsmanServer, certificate: Certificate
) -> None:
    url = f"https://{server.address}:{server.https_port}/wsman"
    ca_file = str(certificate.cert_file.with_name("ca.pem"))
    ways: tuple[Literal["ntlm", "ssl"], ...] = ("ntlm", "ssl")

    for auth in ways:
        protocol = Protocol(url, auth, username=USER, password=PASSWORD, ca_trust_path=ca_file, proxy=None)
        assert run(protocol, "c")[0] == b"c|"


def test_only_the_wsman_path_answers(server: WsmanServer) -> None:
    protocol = client(server)
    protocol.transport.endpoint += "/other"

    with pytest.raises(WinRMTransportError) as caught:
        protocol.open_shell()
    assert caught.value.code == 404


@pytest.mark.parametrize("authorization", ["Negotiate", "Negotiate !!", "NTLM AAAA", "Basic", "Bearer x", ""])
def test_a_broken_login_gets_a_challenge(server: WsmanServer, authorization: str) -> None:
    connection = http.client.HTTPConnection(server.address, server.http_port, timeout=5)
    for _ in range(2):
        connection.request("POST", "/wsman", b"<xml/>", {"Authorization": authorization})
        response = connection.getresponse()
        response.read()
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Negotiate"
    connection.close()


def test_a_message_that_is_no_soap_gets_a_fault(server: WsmanServer, certificate: Certificate) -> None:
    context = ssl.create_default_context(cafile=certificate.cert_file.with_name("ca.pem"))
    connection = http.client.HTTPSConnection(server.address, server.https_port, timeout=5, context=context)
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    for body in (b"<open", b"<xml/>", b"x"):
        connection.request("POST", "/wsman", body, {"Authorization": f"Basic {basic}"})
        response = connection.getresponse()
        assert (response.status, b"WSManFault" in response.read()) == (500, True)
    connection.close()


def test_a_server_stops_at_once_with_clients_and_commands_in_the_middle(server: WsmanServer, machine: Machine) -> None:
    machine.gate.clear()
    protocol = client(server)
    shell = protocol.open_shell()
    protocol.send_command_input(shell, protocol.run_command(shell, "c"), b"", end=True)
    begun = time.monotonic()

    server.stop()

    assert time.monotonic() - begun < 1
    assert machine.cancelled.wait(1)
    assert eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith(f"wsman {server.address}")])


def test_the_private_keys_are_private_and_no_login_shows_its_password(certificate: Certificate) -> None:
    assert stat.S_IMODE(certificate.key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(certificate.key_file.with_name("ca-key.pem").stat().st_mode) == 0o600
    assert PASSWORD not in repr(Login(USER, PASSWORD))


@pytest.mark.parametrize(("text", "seconds"), [("PT1M30S", 90), ("PT0.5S", 0.5), ("PT2H", 7200), ("PT", 9), ("x", 9)])
def test_durations_are_read(text: str, seconds: float) -> None:
    assert soap.seconds(text, 9) == seconds
