"""From an endpoint to a session: which URI libvirt is told, and what it needs beside it."""

from __future__ import annotations

import ipaddress
import secrets
import shutil
import socket
import tempfile
from pathlib import Path
from urllib.parse import quote, urlencode

from hosts.providers.errors import AccessDenied, HostUnreachable, NotAHypervisor, Refused
from hosts.providers.libvirt.channel import ssh_channel
from hosts.providers.libvirt.connection import Connection
from hosts.providers.libvirt.host_calls import HostCalls
from hosts.providers.libvirt.session import Session
from hosts.providers.libvirt.ssh_keys import private_path
from hosts.providers.types import Endpoint, Transport

# The daemon for everything, and that for QEMU alone, which forwards to its sisters.
SOCKETS = ("/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock")


def open_session(endpoint: Endpoint) -> Session:
    """Nothing is asked yet. Raises AccessDenied for a key that is none."""
    if endpoint.transport is Transport.LIBVIRT_SSH:
        forward = Forward(endpoint)
        return Session(Connection(endpoint.name, forward.uri, forward.close), forward.calls)
    if endpoint.transport is Transport.LIBVIRT_TLS:
        folder = CertificateFolder(endpoint)
        connection = Connection(endpoint.name, lambda: uri(endpoint, folder.uri_parameters()), folder.remove)
        return Session(connection, None)
    return Session(Connection(endpoint.name, lambda: _plain(endpoint)), None)


def uri(endpoint: Endpoint, parameters: dict[str, str]) -> str:
    """libvirt.org/uri.html."""
    user = f"{quote(endpoint.username, safe='')}@" if endpoint.username else ""
    address = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
    place = f"qemu+{endpoint.transport.value}://{user}{address}:{endpoint.port}/system"
    return f"{place}?{urlencode(parameters, quote_via=quote)}" if parameters else place


class Forward:
    """libvirt's socket on the host, reached through the SSH connection of the host's own side: closing it ends both, so
    that what was given up does not reach libvirt any more."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._host = endpoint.name
        try:
            self._sockets = {str(private_path(secrets.token_hex(8))): path for path in SOCKETS}
        except OSError as error:
            raise HostUnreachable(
                endpoint.name,
                f"The SSH agent of this machine cannot be used: {error}",
                action="Install OpenSSH's client.",
            ) from None
        self.calls = HostCalls(ssh_channel(endpoint, forwards=self._sockets))

    def uri(self) -> str:
        """Raises NotAHypervisor when libvirt does not listen on the host."""
        there = self.calls.stat(SOCKETS)
        for here, path in self._sockets.items():
            if path in there:
                return f"qemu+unix:///system?{urlencode({'socket': here})}"
        raise NotAHypervisor(
            self._host,
            f"libvirt does not listen at {SOCKETS[0]}.",
            action="Install libvirt with its QEMU driver on the host and start it (systemctl start libvirtd).",
        )

    def close(self) -> None:
        self.calls.close()
        for here in self._sockets:
            Path(here).unlink(missing_ok=True)


class CertificateFolder:
    """The certificates as the files that libvirt reads, in a folder for us alone while the connection lasts."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._path: Path | None = None

    def uri_parameters(self) -> dict[str, str]:
        """Raises AccessDenied when the endpoint's secret is no certificate with its key."""
        pem = self._endpoint.password.reveal()
        if "BEGIN CERTIFICATE" not in pem or "PRIVATE KEY" not in pem or self._endpoint.ca_file is None:
            raise AccessDenied(
                self._endpoint.name,
                "TLS needs the certificate of an authority, and the client's certificate with its key.",
                action="Enter the authority's certificate, and the client's certificate and key one after the other.",
            )
        self._path = Path(tempfile.mkdtemp(prefix="ferry-tls-"))
        (self._path / "cacert.pem").write_text(
            Path(self._endpoint.ca_file).read_text(encoding="utf-8"), encoding="utf-8"
        )
        for name in ("clientcert.pem", "clientkey.pem"):
            file = self._path / name
            file.touch(mode=0o600)
            file.write_text(pem, encoding="utf-8")
        return {"pkipath": str(self._path)}

    def remove(self) -> None:
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)
            self._path = None


def _plain(endpoint: Endpoint) -> str:
    """Raises Refused where plain TCP may not lead: whoever reads it is root on the host."""
    if not all(_may_be_plain(address, endpoint.lab_networks) for address in _addresses(endpoint.address)):
        raise Refused(
            endpoint.name,
            f"{endpoint.address} is not reached over plain TCP: it is neither this machine nor in a lab's network.",
            kind="PlainText",
            action="Use SSH or TLS; a lab's network is named in FERRY_LAB_NETWORKS.",
        )
    return uri(endpoint, {})


def _may_be_plain(address: str, lab_networks: tuple[str, ...]) -> bool:
    number = ipaddress.ip_address(address)
    return number.is_loopback or any(number in ipaddress.ip_network(network) for network in lab_networks)


def _addresses(name: str) -> list[str]:
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]
    except OSError:
        return ["0.0.0.0"]  # noqa: S104 -- nowhere: such a name is refused
