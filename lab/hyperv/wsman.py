"""The WS-Man endpoint of an emulated host: real WinRM clients log on here and run commands."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress

from spnego.channel_bindings import GssChannelBindings

from lab.hyperv.certificates import Certificate
from lab.hyperv.ntlm import Accounts, Login
from lab.hyperv.shells import Answer, DropConnection, Execute, Garbage, Shells
from lab.hyperv.wsman_http import Connection, Site

__all__ = ["Answer", "Certificate", "DropConnection", "Execute", "Garbage", "Login", "WsmanServer"]

_HANDSHAKE_S = 10.0
_BACKLOG = 128


class WsmanServer:
    """Listens on `address`; a port of 0 is chosen by the system, None is not opened. HTTPS needs a certificate.

    `execute` runs once per command in a thread of its own, when the command's stdin has ended.
    """

    def __init__(
        self,
        address: str,
        http_port: int | None,
        https_port: int | None,
        credentials: Sequence[Login],
        certificate: Certificate | None,
        execute: Execute,
    ) -> None:
        self.address = address
        self.http_port = http_port
        self.https_port = https_port
        self.shells = Shells(execute)
        self._credentials = tuple(credentials)
        self._certificate = certificate
        self._accounts: Accounts | None = None
        self._listeners: list[_Listener] = []

    def start(self) -> None:
        """Open the ports; raises OSError when one is taken, and leaves none open then."""
        self._accounts = Accounts(self._credentials)
        try:
            self._open_ports(self._accounts)
        except OSError:
            self.stop()
            raise

    def stop(self) -> None:
        """Close the ports and connections, cancel all commands and forget the shells; harmless when stopped."""
        for listener in self._listeners:
            listener.close()
        self._listeners = []
        self.shells.close_all()
        if self._accounts is not None:
            self._accounts.close()
            self._accounts = None

    def count_connections(self) -> int:
        return sum(listener.count_connections() for listener in self._listeners)

    def drop_connections(self) -> None:
        """Cut every connection, as a network does; shells and commands stay."""
        for listener in self._listeners:
            listener.drop_connections()

    def _open_ports(self, accounts: Accounts) -> None:
        if self.http_port is not None:
            self.http_port = self._listen(self.http_port, Site(self.shells, accounts, is_tls=False), None)
        if self.https_port is not None and self._certificate is not None:
            bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + self._certificate.fingerprint())
            site = Site(self.shells, accounts, is_tls=True, bindings=bindings)
            self.https_port = self._listen(self.https_port, site, _tls(self._certificate))

    def _listen(self, port: int, site: Site, tls: ssl.SSLContext | None) -> int:
        listener = _Listener(self.address, port, site, tls)
        self._listeners.append(listener)
        return listener.port


class _Listener:
    """One port: a thread that accepts, and a thread per connection."""

    def __init__(self, address: str, port: int, site: Site, tls: ssl.SSLContext | None) -> None:
        self._socket = socket.create_server((address, port), backlog=_BACKLOG)
        self.port: int = self._socket.getsockname()[1]
        self._handler = type("SiteConnection", (Connection,), {"site": site})
        self._tls = tls
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._is_closed = False
        self._thread = threading.Thread(target=self._accept, name=f"wsman {address}:{self.port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_closed = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._socket.close()
        self._thread.join(timeout=0.5)
        self.drop_connections()

    def count_connections(self) -> int:
        with self._lock:
            return len(self._open)

    def drop_connections(self) -> None:
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                connection, peer = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, peer), daemon=True).start()

    def _serve(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        """A client that goes away in the middle is no event."""
        with suppress(OSError), connection:
            connection.settimeout(_HANDSHAKE_S)
            with self._encrypted(connection) as stream:
                with self._lock:
                    self._open.add(stream)
                try:
                    self._handler(stream, peer, self)
                finally:
                    with self._lock:
                        self._open.discard(stream)

    def _encrypted(self, connection: socket.socket) -> socket.socket:
        return connection if self._tls is None else self._tls.wrap_socket(connection, server_side=True)


def _tls(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate.cert_file, certificate.key_file)
    return context
