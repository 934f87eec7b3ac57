"""The HTTP below pywinrm: bounded by a deadline, its failures in our words. The only file that knows requests."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from pathlib import Path

import certifi
import requests
from requests.adapters import HTTPAdapter
from spnego.exceptions import SpnegoError
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError, ReadTimeoutError
from urllib3.exceptions import ProtocolError as BrokenAnswer

from hosts.providers.errors import (
    AccessDenied,
    CertificateUntrusted,
    DeadlineExceeded,
    HostUnreachable,
    ProtocolError,
    ProviderError,
)
from hosts.providers.types import Endpoint

# What requests, urllib3 and requests_ntlm raise; all of requests' own exceptions are OSErrors.
HTTP_FAILURES = (OSError, HTTPError, SpnegoError)

_CONNECT_S = 10.0
_SEALED = "multipart/encrypted"
_MAX_ANSWER_BYTES = 4_000_000  # an envelope has 153,600; more than this is no WinRM
_BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, BrokenAnswer)


class Deadline:
    """How long a run may still take. `answer_s` bounds a single HTTP answer further than the run."""

    def __init__(self) -> None:
        self.allowed_s = 0.0
        self.answer_s: float | None = None
        self._until = 0.0

    def set(self, allowed_s: float) -> None:
        self.allowed_s = allowed_s
        self._until = time.monotonic() + allowed_s

    def extend(self, grace_s: float) -> None:
        """Make sure that at least `grace_s` are left, for a last word to the host."""
        self._until = max(self._until, time.monotonic() + grace_s)

    def left_s(self) -> float:
        return self._until - time.monotonic()

    def left_for_answer_s(self) -> float:
        left_s = self.left_s()
        return left_s if self.answer_s is None else min(left_s, self.answer_s)


class DeadlineAdapter(HTTPAdapter):
    """Gives every request of a session, those of the NTLM handshake too, the time that is left and no more.

    `heard` is the last answer in clear, to be quoted when nobody can read it. With `is_sealed` only encrypted
    answers count: pywinrm would believe one in clear, and so anybody on the way.
    """

    def __init__(self, deadline: Deadline, *, is_sealed: bool) -> None:
        super().__init__(max_retries=0)
        self.heard = b""
        self._deadline = deadline
        self._content_type = _SEALED if is_sealed else "application/soap+xml"

    def govern(self, session: requests.Session) -> None:
        """Carry all requests of the session; follow no redirect, which would take the login to somebody else."""
        if session.get_adapter("https://") is self:
            return
        session.max_redirects = 0
        session.trust_env = False
        session.mount("http://", self)
        session.mount("https://", self)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,  # noqa: ARG002
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        self.heard = b""
        left_s = self._deadline.left_for_answer_s()
        if left_s <= 0:
            raise requests.ReadTimeout(request=request)
        bounds = (min(_CONNECT_S, left_s), left_s)
        response = super().send(request, stream=stream, timeout=bounds, verify=verify, cert=cert, proxies=proxies)
        if response.status_code != requests.codes.unauthorized:  # requests_ntlm needs the socket under that one
            self._read(response)
        return response

    def _read(self, response: requests.Response) -> None:
        """The body in whatever pieces come: a socket's timeout alone would let a slow drip go on for ever."""
        content = bytearray()
        while piece := response.raw.read1(65_536):
            content += piece
            if self._deadline.left_for_answer_s() <= 0:
                response.close()
                raise requests.ReadTimeout(request=response.request)
            if len(content) > _MAX_ANSWER_BYTES:
                response.close()
                raise requests.exceptions.ContentDecodingError(response=response)
        content_type = response.headers.get("Content-Type", "")
        self.heard = b"" if content_type.startswith(_SEALED) else bytes(content)
        if content and response.ok and not content_type.startswith(self._content_type):
            raise requests.exceptions.InvalidHeader(response=response)
        response._content = bytes(content)  # there is no public way to hand it over


def ca_bundle(endpoint: Endpoint) -> str:
    """The file of the authorities that may vouch for the host: the endpoint's, or the public ones."""
    return endpoint.ca_file or certifi.where()


def explain_http(error: Exception, endpoint: Endpoint, deadline: Deadline, shown: str) -> ProviderError:
    """What one of HTTP_FAILURES means to an operator. Never quotes it, it may hold the request; `shown` is the
    beginning of the answer without secrets."""
    if isinstance(error, requests.ConnectTimeout):
        return HostUnreachable(endpoint.name, f"No answer from {place(endpoint)}: it may be off or behind a firewall.")
    if isinstance(error, requests.Timeout) or _cause(error, ReadTimeoutError):
        return _explain_timeout(endpoint, deadline)
    if isinstance(error, requests.exceptions.SSLError):
        return _explain_tls(error, endpoint)
    if isinstance(error, (*_BROKEN, requests.exceptions.InvalidURL)):
        return _explain_connection(error, endpoint)
    if isinstance(error, requests.RequestException | HTTPError | SpnegoError):
        return not_winrm(endpoint, shown)
    return _explain_system(error, endpoint)


def not_winrm(endpoint: Endpoint, shown: str) -> ProtocolError:
    return ProtocolError(endpoint.name, f"What {place(endpoint)} answered is not WinRM{shown and f': {shown}'}.")


def place(endpoint: Endpoint) -> str:
    return f"{endpoint.address} port {endpoint.port}"


def _explain_timeout(endpoint: Endpoint, deadline: Deadline) -> ProviderError:
    if deadline.left_s() > 0:
        return HostUnreachable(endpoint.name, "The host stopped answering.")
    return DeadlineExceeded(endpoint.name, f"The host did not answer within {deadline.allowed_s:g} seconds.")


def _explain_tls(error: Exception, endpoint: Endpoint) -> ProviderError:
    refusal = _cause(error, ssl.SSLCertVerificationError)
    if isinstance(refusal, ssl.SSLCertVerificationError):
        return CertificateUntrusted(endpoint.name, f"The host's certificate was refused: {refusal.verify_message}.")
    if endpoint.ca_file is not None and not _holds_certificates(endpoint.ca_file):
        return CertificateUntrusted(endpoint.name, f"{endpoint.ca_file} holds no certificate authority.")
    return ProtocolError(endpoint.name, f"{place(endpoint)} does not speak TLS as WinRM does.")


def _holds_certificates(path: str) -> bool:
    try:
        ssl.create_default_context(cafile=path)
    except OSError:
        return False
    return True


def _explain_connection(error: Exception, endpoint: Endpoint) -> ProviderError:
    if isinstance(error, requests.exceptions.InvalidURL):
        return HostUnreachable(endpoint.name, f"{endpoint.address!r} is not an address.")
    if _cause(error, NameResolutionError):
        return HostUnreachable(endpoint.name, f"The name {endpoint.address} does not resolve.")
    if _cause(error, ConnectionRefusedError):
        text = f"{place(endpoint)} refuses connections: nothing listens there."
        return HostUnreachable(endpoint.name, text, kind="NothingListens")
    if _cause(error, NewConnectionError):
        return HostUnreachable(endpoint.name, f"There is no way to {place(endpoint)}.")
    return HostUnreachable(endpoint.name, "The host dropped the connection before it answered.")


def _explain_system(error: Exception, endpoint: Endpoint) -> ProviderError:
    if isinstance(error, PermissionError):  # what requests_ntlm says when it is offered no NTLM
        return AccessDenied(endpoint.name, "The host does not offer NTLM authentication.")
    if endpoint.ca_file is not None and not Path(endpoint.ca_file).exists():
        return CertificateUntrusted(endpoint.name, f"{endpoint.ca_file} is missing: no certificate can be checked.")
    reason = getattr(error, "strerror", None) or type(error).__name__
    return HostUnreachable(endpoint.name, f"The connection to {place(endpoint)} failed: {reason}.")


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """The first error of this kind among `error`, what it wraps and what caused it."""
    found: list[object] = [error]
    for item in found:
        if isinstance(item, kind):
            return item
        if isinstance(item, BaseException) and len(found) < 50:
            found += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]
    return None
