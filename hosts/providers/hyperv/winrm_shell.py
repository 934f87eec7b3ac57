"""Runs the PowerShell verbs on a host over WinRM: the only file that knows pywinrm."""

from __future__ import annotations

import base64
import struct
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Literal, TypeVar

from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)
from winrm.protocol import Protocol
from winrm.transport import Transport as PywinrmTransport

from hosts.providers.errors import (
    AccessDenied,
    CertificateUntrusted,
    DeadlineExceeded,
    HostUnreachable,
    ProtocolError,
    ProviderError,
    Refused,
)
from hosts.providers.hyperv.answers import Call, Output, Redactor, command_line, read_answer
from hosts.providers.hyperv.faults import ShellGone, explain_fault
from hosts.providers.hyperv.script_text import script_text
from hosts.providers.hyperv.shell_slots import slots_of
from hosts.providers.hyperv.winrm_http import (
    HTTP_FAILURES,
    Deadline,
    DeadlineAdapter,
    ca_bundle,
    explain_http,
    not_winrm,
    place,
)
from hosts.providers.types import Endpoint, Transport

__all__ = ["WinRmShell", "script_text"]

_T = TypeVar("_T")

_CODEPAGE_UTF8 = 65001
_STDIN_PIECE_BYTES = 60_000  # base64 and the envelope around it stay under 153,600 bytes
_RECEIVE_S = 10  # a Receive without output comes back after this long, so that a dead host is noticed
_RECEIVE_GRACE_S = 10.0
_OPERATION_S = 60  # MaxTimeoutms of a host
_LAST_WORD_S = 0.7  # for Signal and Delete after a deadline
_CLOSE_S = 2.0
_SHELL_IDLE = "PT600S"  # a shell whose console died goes away by itself
_CONNECTION_IDLE_S = 60.0  # http.sys cuts a silent connection after 120 s, and message encryption with it

# Scheme, authentication, message encryption. There is no way to say "basic" without "https".
_TRANSPORTS: dict[Transport, tuple[str, Literal["ntlm", "basic"], Literal["always", "never"]]] = {
    Transport.NTLM_HTTP: ("http", "ntlm", "always"),
    Transport.NTLM_HTTPS: ("https", "ntlm", "never"),
    Transport.BASIC_HTTPS: ("https", "basic", "never"),
}

# pywinrm parses answers with asserts, next(), indices and attributes: an answer that is no WS-Man ends in any of these.
_UNREADABLE = (ET.ParseError, StopIteration, LookupError, ValueError, AttributeError, AssertionError, struct.error)
_FAILURES = (*HTTP_FAILURES, *_UNREADABLE, WinRMError, WinRMTransportError, WinRMOperationTimeoutError)


class WinRmShell:
    """A shell on one host, for one thread: opened by the first run, closed by close(), usable again after that.

    Raises ProviderError only. Nothing is sent again once the script may have begun.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._deadline = Deadline()
        self._http = DeadlineAdapter(self._deadline, is_sealed=endpoint.transport is Transport.NTLM_HTTP)
        self._slots = slots_of(endpoint.address, endpoint.port)
        self._has_slot = False
        self._redactor = Redactor(())
        self._protocol: Protocol | None = None
        self._shell_id: str | None = None
        self._command_id: str | None = None
        self._last_used = 0.0

    def __del__(self) -> None:
        self._forget_shell()

    def run(self, verb: str, parameters: Mapping[str, object], *, deadline_s: float) -> dict[str, Any]:
        """Run scripts/<verb>.ps1 and return its result. Only the script sees what a Secret parameter holds."""
        return self.run_script(script_text(verb), parameters, deadline_s=deadline_s)

    def run_script(self, script: str, parameters: Mapping[str, object], *, deadline_s: float) -> dict[str, Any]:
        """Run the text of a script with these param() values and return the object that it made."""
        call = Call(script, parameters)
        self._redactor = Redactor([*call.secrets(), *_secrets_of(self._endpoint)])
        self._deadline.set(deadline_s)
        try:
            output = self._converse(call)
        finally:
            self._deadline.extend(_LAST_WORD_S)
            self._end_command()
            if self._shell_id is None or self._slots.is_wanted():
                self._close_shell()
        answer = read_answer(self._endpoint.name, output, self._redactor)
        if isinstance(answer, ProviderError):
            raise answer
        return answer

    def close(self) -> None:
        """Close the shell on the host; raises nothing, takes two seconds at most."""
        self._deadline.set(_CLOSE_S)
        self._close_shell()
        self._drop_connection()

    def _converse(self, call: Call) -> Output:
        if time.monotonic() - self._last_used > _CONNECTION_IDLE_S:
            self._drop_connection()
        self._command_id = self._begin_command()
        self._guarded(lambda protocol: self._send(protocol, call))
        stdout, stderr = bytearray(), bytearray()
        while self._deadline.left_s() > 0:
            if piece := self._guarded(self._receive):
                out, err, exit_code, is_done = piece
                stdout += out
                stderr += err
                if is_done:
                    return Output(bytes(stdout), bytes(stderr), exit_code)
        raise DeadlineExceeded(
            self._endpoint.name, f"The script did not end within {self._deadline.allowed_s:g} seconds."
        )

    def _begin_command(self) -> str:
        """Start bootstrap.ps1. It waits for stdin and does nothing before: so this may safely be done again when
        the connection or the shell of an earlier run turns out to be gone, or its quota to be used up."""
        for _ in range(2):
            if self._shell_id is None:
                break
            try:
                return self._guarded(self._start_bootstrap)
            except (DeadlineExceeded, CertificateUntrusted):
                raise
            except (ShellGone, Refused):
                self._close_shell()
            except (HostUnreachable, AccessDenied, ProtocolError):
                self._drop_connection()
        self._take_slot()
        return self._guarded(self._start_bootstrap)

    def _start_bootstrap(self, protocol: Protocol) -> str:
        if self._shell_id is None:
            self._shell_id = protocol.open_shell(codepage=_CODEPAGE_UTF8, idle_timeout=_SHELL_IDLE)
        return protocol.run_command(self._shell_id, command_line())

    def _send(self, protocol: Protocol, call: Call) -> None:
        stdin = call.stdin()
        for start in range(0, len(stdin), _STDIN_PIECE_BYTES):
            end = start + _STDIN_PIECE_BYTES
            protocol.send_command_input(*self._ids(), stdin[start:end], end=end >= len(stdin))

    def _receive(self, protocol: Protocol) -> tuple[bytes, bytes, int, bool] | None:
        """The next piece of output, or None when there was none for a while."""
        wait_s = max(1, min(_RECEIVE_S, int(self._deadline.left_s())))
        protocol.operation_timeout_sec = wait_s
        self._deadline.answer_s = wait_s + _RECEIVE_GRACE_S
        try:
            return protocol.get_command_output_raw(*self._ids())
        except WinRMOperationTimeoutError:
            return None
        finally:
            self._deadline.answer_s = None
            protocol.operation_timeout_sec = _OPERATION_S

    def _end_command(self) -> None:
        """Make the host forget the command, and end it if it still runs."""
        self._last_used = time.monotonic()
        if self._command_id is not None:
            try:
                self._guarded(lambda protocol: protocol.cleanup_command(*self._ids()))
            except ProviderError:
                self._forget_shell()  # it may still be busy; the host's idle timeout ends it
        self._command_id = None

    def _close_shell(self) -> None:
        if (shell_id := self._shell_id) is not None:
            with suppress(ProviderError):
                self._guarded(lambda protocol: protocol.close_shell(shell_id, close_session=False))
        self._forget_shell()

    def _forget_shell(self) -> None:
        self._shell_id = None
        if self._has_slot:
            self._has_slot = False
            self._slots.give_back()

    def _take_slot(self) -> None:
        if not self._has_slot and not self._slots.take(self._endpoint.max_shells, self._deadline.left_s()):
            raise DeadlineExceeded(
                self._endpoint.name,
                f"All {self._endpoint.max_shells} shells that this console may have on the host were busy.",
                action="Wait until other work on the host has ended, or allow more shells on it.",
            )
        self._has_slot = True

    def _ids(self) -> tuple[str, str]:
        assert self._shell_id is not None
        assert self._command_id is not None
        return self._shell_id, self._command_id

    def _guarded(self, action: Callable[[Protocol], _T]) -> _T:
        try:
            if self._protocol is None:
                self._protocol = _protocol(self._endpoint, self._http)
            return action(self._protocol)
        except _FAILURES as error:
            failure = self._explain(error)
            if not isinstance(error, WSManFaultError | WinRMOperationTimeoutError):
                self._drop_connection()
        # Out here, so that it has no context: that would hold the request, and a request holds secrets.
        raise failure

    def _drop_connection(self) -> None:
        if self._protocol is not None:
            self._protocol.transport.close_session()
        self._protocol = None

    def _explain(self, error: Exception) -> ProviderError:
        host = self._endpoint.name
        if isinstance(error, InvalidCredentialsError | UnicodeEncodeError):
            is_told = isinstance(error, InvalidCredentialsError)
            text = "The host refused the login of" if is_told else "Basic authentication cannot carry the login of"
            return AccessDenied(host, f"{text} {self._endpoint.username}.")
        if isinstance(error, WSManFaultError):
            reason = self._redactor.excerpt(error.reason)
            return explain_fault(self._endpoint, error.wsman_fault_code, error.fault_subcode, reason)
        if isinstance(error, WinRMOperationTimeoutError):
            return DeadlineExceeded(host, f"The host did not act within {_OPERATION_S} seconds.")
        if isinstance(error, WinRMTransportError):
            shown = self._redactor.excerpt(error.response_text)
            return ProtocolError(host, f"{place(self._endpoint)} answered with HTTP status {error.code}: {shown}")
        shown = self._redactor.excerpt(self._http.heard)
        if isinstance(error, HTTP_FAILURES):
            return explain_http(error, self._endpoint, self._deadline, shown)
        return not_winrm(self._endpoint, shown)


def _secrets_of(endpoint: Endpoint) -> list[str]:
    """The password, and what basic authentication makes of it."""
    password = endpoint.password.reveal()
    login = f"{endpoint.username}:{password}"
    return [password, *(base64.b64encode(login.encode(c, "replace")).decode() for c in ("latin-1", "utf-8"))]


class _Transport(PywinrmTransport):
    """pywinrm makes its session itself and uses it at once; this is the moment between."""

    def __init__(self, url: str, endpoint: Endpoint, http: DeadlineAdapter) -> None:
        _, auth, encryption = _TRANSPORTS[endpoint.transport]
        super().__init__(
            endpoint=url,
            auth_method=auth,
            username=endpoint.username,
            password=endpoint.password.reveal(),
            message_encryption=encryption,
            server_cert_validation="validate",
            ca_trust_path=ca_bundle(endpoint),
            proxy=None,
        )
        self._http = http

    def _send_message_request(self, session: Any, prepared_request: Any) -> Any:
        self._http.govern(session)
        return super()._send_message_request(session, prepared_request)


def _protocol(endpoint: Endpoint, http: DeadlineAdapter) -> Protocol:
    scheme, auth, _ = _TRANSPORTS[endpoint.transport]
    address = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
    url = f"{scheme}://{address}:{endpoint.port}/wsman"
    protocol = Protocol(
        url,
        transport=auth,
        username=endpoint.username,
        password=endpoint.password.reveal(),
        read_timeout_sec=_OPERATION_S + 1,
        operation_timeout_sec=_OPERATION_S,
    )
    protocol.transport = _Transport(url, endpoint, http)
    return protocol
