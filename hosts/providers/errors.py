"""What can go wrong with a host, in words an operator can act on.

ProviderError
├── HostUnreachable        nothing answered, or it stopped answering
│   └── DeadlineExceeded   it answered, but not in the time allowed
├── CertificateUntrusted   TLS was refused on our side
├── HostKeyUntrusted       the SSH key that the host shows is not the one we know
├── AccessDenied           the login or the rights are wrong
├── NotAHypervisor         it answers, but has no such virtualization software
├── ProtocolError          it answers something we cannot read
├── Refused                the hypervisor said no; `kind` says what
│   ├── NotFound           the VM, file, switch or work asked for is not there
│   ├── AlreadyExists      something that is not ours stands where we would write
│   ├── WrongState         the VM is not in a state that allows this
│   ├── Overtaken          a later call of the same job was here before
│   ├── NotEnoughMemory    the host cannot start the VM
│   ├── NotEnoughSpace     a volume is full
│   └── Incompatible       the host cannot take this VM
└── DigestMismatch         bytes arrived that are not the source's bytes
"""

from __future__ import annotations

from collections.abc import Mapping

BETWEEN_HOSTS = "Check that both hosts are on and that they reach each other over the network."


class ProviderError(Exception):
    """Base of all. `host` is the host's name, `message` one sentence, `action` what to do about it.

    `recommended` fits hosts of every kind; a provider knows better what to do about its own (`advise`).
    """

    recommended = "Look at the host's log and retry the job."

    def __init__(self, host: str, message: str, *, kind: str = "", action: str = "") -> None:
        super().__init__(host, message)
        self.host = host
        self.message = message
        self.kind = kind or type(self).__name__
        self.action = action or self.recommended

    def __str__(self) -> str:
        return f"{self.host}: {self.message}"


class HostUnreachable(ProviderError):
    recommended = "Check that the host is on, its name resolves, and its port is reached from here."


class DeadlineExceeded(HostUnreachable):
    recommended = "Check the load of the host and retry the job."


class CertificateUntrusted(ProviderError):
    recommended = "Give the certificate authority that signed the host's certificate, or renew the certificate."


class HostKeyUntrusted(ProviderError):
    recommended = "Compare the key with that of the host (ssh-keygen -lf on it) and enter the host's."


class AccessDenied(ProviderError):
    recommended = "Check the user, the password or key, and what the user may do on the host."


class NotAHypervisor(ProviderError):
    recommended = "Install the virtualization software on the host, or choose another host."


class ProtocolError(ProviderError):
    recommended = "Check that it is the right port and that no proxy answers in its place."


class Refused(ProviderError):
    pass


class NotFound(Refused):
    recommended = "Refresh the host; the object may have been removed or moved by somebody else."


class AlreadyExists(Refused):
    recommended = "Choose another path or remove what is in the way."


class WrongState(Refused):
    recommended = "Refresh the virtual machine and look at its state."


class Overtaken(Refused):
    recommended = "Look at the job: somebody else works on it. Retry it if it has failed."


class NotEnoughMemory(Refused):
    recommended = "Free memory on the host or choose another one."


class NotEnoughSpace(Refused):
    recommended = "Free space on the volume or choose another path."


class Incompatible(Refused):
    recommended = "Choose a host that can take this virtual machine."


class DigestMismatch(ProviderError):
    recommended = "Retry the job; if it happens again, check the network and the disks of both hosts."


def advise(error: ProviderError, actions: Mapping[type[ProviderError], str]) -> None:
    """Unless the error says itself what to do, it is what fits this kind of host."""
    if error.action == error.recommended:
        error.action = actions.get(type(error), error.action)


def refusal(host: str, kind: str, message: str) -> ProviderError:
    """The error for a refusal that a host or its detached work named by `kind`, a class name of this file. Work that
    names HostUnreachable has not reached the other host of its job."""
    if kind == HostUnreachable.__name__:
        return HostUnreachable(host, message, action=BETWEEN_HOSTS)
    classes = (NotAHypervisor, NotFound, AlreadyExists, WrongState, NotEnoughMemory, NotEnoughSpace, Incompatible)
    named = {cls.__name__: cls for cls in (*classes, AccessDenied, DigestMismatch)}
    return named.get(kind, Refused)(host, message, kind=kind)
