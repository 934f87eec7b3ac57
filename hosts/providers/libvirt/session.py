"""One host while a connection to it lasts: libvirt, and over SSH the host's own side. What the verbs work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from hosts.providers.errors import NotFound, Refused
from hosts.providers.libvirt.connection import Connection
from hosts.providers.libvirt.domains import Domain, Hypervisor
from hosts.providers.libvirt.host_calls import HostCalls

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Session:
    """`calls` is None over TLS and TCP: then the host is read, sampled and moved from live, and nothing else."""

    connection: Connection
    calls: HostCalls | None

    @property
    def host(self) -> str:
        return self.connection.host

    @property
    def hypervisor(self) -> Hypervisor:
        return self.connection.hypervisor()

    @property
    def host_side(self) -> HostCalls:
        """Raises Refused where there is none."""
        if self.calls is None:
            raise Refused(
                self.host,
                "This needs the host's own side, which is reached over SSH only.",
                action="Give the host the transport SSH, with a private key of root.",
            )
        self.connection.confirm_open()
        return self.calls

    def find(self, uid: str) -> Domain | None:
        return self.connection.domain(uid)

    def domain(self, uid: str) -> Domain:
        """Raises NotFound."""
        found = self.connection.domain(uid)
        if found is None:
            raise NotFound(self.host, f"There is no virtual machine with the id {uid} on {self.host}.")
        return found

    def refusals(self, act: Callable[[], _T]) -> _T:
        """What libvirt's call returns; its errors as ProviderError."""
        with self.connection.refusals():
            return act()

    def close(self) -> None:
        self.connection.close()
