"""How another host reads a file of this one: certificate and token of the job, made by this process."""

from __future__ import annotations

import socket
import threading

from hosts.providers.errors import HostUnreachable
from hosts.providers.libvirt.host_calls import remote_file
from hosts.providers.libvirt.serving_certificate import ServingCertificate, new_serving_certificate
from hosts.providers.libvirt.session import Session
from hosts.providers.types import Endpoint, RemoteFile

_KEPT = 64
_certificates: dict[tuple[str, str], ServingCertificate] = {}
_lock = threading.Lock()


def share(session: Session, endpoint: Endpoint, job: str, path: str) -> RemoteFile:
    """`job` is that of the claim: its number and birth."""
    certificate = _certificate(endpoint.address, job)
    serving = session.host_side.serve(f"ferry-{job.partition('-')[0]}", address_of(endpoint), certificate, [path])
    return remote_file(serving, certificate, path)


def address_of(endpoint: Endpoint) -> str:
    """The host's own, as the console knows it: the other host reaches it by the same."""
    try:
        found = socket.getaddrinfo(endpoint.address, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise HostUnreachable(
            endpoint.name, f"{endpoint.address} is no name that resolves: {error.strerror}."
        ) from None
    return str(found[0][4][0])


def _certificate(address: str, job: str) -> ServingCertificate:
    """One a job and host. Another process makes another one; what nobody reads from ends by itself."""
    with _lock:
        made = _certificates.setdefault((address, job), new_serving_certificate())
        while len(_certificates) > _KEPT:
            del _certificates[next(iter(_certificates))]
        return made
