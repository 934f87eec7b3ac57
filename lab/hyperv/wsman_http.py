"""One HTTP connection of the WS-Man endpoint: authentication, message encryption, and envelopes in and out."""

from __future__ import annotations

import base64
import binascii
import http.server
import socket
import struct
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import ClassVar

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from lab.hyperv import ntlm, soap
from lab.hyperv.ntlm import Accounts
from lab.hyperv.shells import DropConnection, Garbage, Shells
from lab.hyperv.soap import Fault

CONNECTION_IDLE_S = 120  # http.sys closes a silent connection then: Microsoft's page "HTTP_TIMEOUT_LIMIT_INFO"
_SOAP_TYPE = "application/soap+xml;charset=UTF-8"
_MAX_BODY_BYTES = 2 * soap.MAX_ENVELOPE_BYTES  # read and refused with a fault; more is not even read


@dataclass(frozen=True, slots=True)
class Site:
    """What every connection of one listener shares. `bindings` are those of the certificate, None without TLS."""

    shells: Shells
    accounts: Accounts
    is_tls: bool
    bindings: GssChannelBindings | None = field(default=None)


class Connection(http.server.BaseHTTPRequestHandler):
    """NTLM authenticates a connection, basic authentication each request; both end in `_user`."""

    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""
    timeout = CONNECTION_IDLE_S
    disable_nagle_algorithm = True
    wbufsize = -1
    site: ClassVar[Site]

    def setup(self) -> None:
        super().setup()
        self._context: spnego.ContextProxy | None = None
        self._user: str | None = None

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MAX_BODY_BYTES:
            self.close_connection = True
            self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"")
            return
        body = self.rfile.read(length)
        if self.path != "/wsman":
            self._send(HTTPStatus.NOT_FOUND, b"Not Found", "text/html")
        elif self._is_logged_on():
            self._answer(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of http.server
        """Keep quiet: a lab makes thousands of requests."""

    def _is_logged_on(self) -> bool:
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        try:
            token = base64.b64decode(credentials, validate=True)
        except binascii.Error:
            token = b""
        if scheme in ("Negotiate", "NTLM"):
            return self._step(scheme, token)
        if scheme == "Basic" and self.site.is_tls:
            self._user = self._basic(token)
        elif scheme == "Basic":
            self._user = None
        if self._user is None:
            self._challenge("Negotiate", *(['Basic realm="WSMAN"'] if self.site.is_tls else []))
        return self._user is not None

    def _basic(self, token: bytes) -> str | None:
        try:
            username, _, password = token.decode("utf-8").partition(":")
        except UnicodeDecodeError:  # RFC 7617 leaves the charset open; requests sends latin-1
            username, _, password = token.decode("latin-1").partition(":")
        login = self.site.accounts.find(username)
        return login.username if login is not None and login.matches(username, password) else None

    def _step(self, scheme: str, token: bytes) -> bool:
        """One message of the NTLM handshake; True when it was the last one and right."""
        try:
            if token[8:12] == struct.pack("<I", 1):
                self._user, self._context = None, self.site.accounts.context(self.site.bindings)
            reply = self.site.accounts.step(self._context, token) if self._context is not None else None
        except (SpnegoError, ValueError, struct.error):
            self._context = None
            reply = None
        if self._context is not None and self._context.complete:
            self._user = self._context.client_principal
            return True
        self._challenge(f"{scheme} {base64.b64encode(reply).decode()}" if reply else "Negotiate")
        return False

    def _challenge(self, *schemes: str) -> None:
        # requests_ntlm reads the certificate through the open body of this answer: it must not be empty.
        self._send(HTTPStatus.UNAUTHORIZED, b"Unauthorized", "text/html", schemes)

    def _answer(self, body: bytes) -> None:
        context = self._context
        is_sealed = self.headers.get("Content-Type", "").startswith("multipart/encrypted")
        if not body:  # the client only wanted the handshake
            self._send(HTTPStatus.OK, b"")
            return
        try:
            envelope = ntlm.unseal(context, body) if is_sealed and context is not None else body
        except ValueError:
            self.close_connection = True
            self._send(HTTPStatus.BAD_REQUEST, b"Bad Request", "text/html")
            return
        try:
            status, reply = self._serve(envelope, is_protected=self.site.is_tls or is_sealed)
        except DropConnection:
            self._reset()
        except Garbage as garbage:
            self._send(HTTPStatus.OK, garbage.content, garbage.content_type)
        else:
            if is_sealed and context is not None:
                self._send(status, ntlm.seal(context, reply), ntlm.CONTENT_TYPE)
            else:
                self._send(status, reply, _SOAP_TYPE)

    def _serve(self, envelope: bytes, *, is_protected: bool) -> tuple[HTTPStatus, bytes]:
        """The answer in clear, or the fault."""
        message_id = ""
        try:
            request = soap.parse(envelope)
            message_id = request.message_id
            self._admit(is_protected=is_protected)
            return HTTPStatus.OK, self.site.shells.handle(request, self._user or "")
        except Fault as fault:
            return HTTPStatus.INTERNAL_SERVER_ERROR, soap.fault(fault, message_id)

    def _admit(self, *, is_protected: bool) -> None:
        """WinRM's AllowUnencrypted=false, and its right to open shells."""
        login = self.site.accounts.find(self._user or "")
        if not is_protected:
            raise Fault(soap.ACCESS_DENIED, "w:AccessDenied", "Unencrypted traffic is disabled on this host.")
        if login is None or not login.is_administrator:
            raise Fault(soap.ACCESS_DENIED, "w:AccessDenied", "Access is denied.")

    def _send(
        self, status: HTTPStatus, body: bytes, content_type: str = _SOAP_TYPE, challenges: tuple[str, ...] = ()
    ) -> None:
        self.send_response(status)
        for challenge in challenges:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        """Close so that the client gets a reset, not an end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
