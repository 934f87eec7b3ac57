"""How a channel gets to its host through SSH, and what ssh's last words mean."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from hosts.providers.errors import AccessDenied, HostKeyUntrusted, HostUnreachable, ProviderError
from hosts.providers.libvirt.ssh_keys import SshLogin, fingerprint, shown_host_key
from hosts.providers.types import Endpoint

_FAILED = 255
_UNTRUSTED = re.compile(r"Host key verification failed|HOST IDENTIFICATION HAS CHANGED|host key is known for")
_CLOSED = re.compile(r"Connection refused")
_REFUSED = re.compile(r"Permission denied|Too many authentication failures|no such identity")


class SshStart:
    """Raises AccessDenied when the endpoint's key is none that can be used."""

    def __init__(self, endpoint: Endpoint, forwards: Mapping[str, str] | None = None) -> None:
        self._endpoint = endpoint
        self._forwards = forwards
        self._login = SshLogin(endpoint)

    def command(self, python: Sequence[str]) -> Sequence[str]:
        """One argument for the shell there, which `exec` leaves no trace of."""
        return [*self._login.arguments(self._forwards), "exec " + shlex.join(python)]

    def failure(self, exit_code: int, said: str, /) -> ProviderError | None:
        """None when it was not ssh that failed."""
        if exit_code != _FAILED:
            return None
        name, lines = self._endpoint.name, [line.strip() for line in said.splitlines() if line.strip()]
        if _UNTRUSTED.search(said):
            return self._untrusted()
        last = lines[-1] if lines else "ssh ended without a word."
        if _REFUSED.search(said):
            action = f"Put the key's public part into authorized_keys of {self._endpoint.username} on the host."
            return AccessDenied(name, last, action=action)
        action = "Check that the host is on and that SSH listens on the port."
        return HostUnreachable(name, last, kind="NothingListens" if _CLOSED.search(last) else "", action=action)

    def _untrusted(self) -> ProviderError:
        """Asks the host once more, for what it shows to anybody."""
        endpoint = self._endpoint
        compare = "Compare it with what ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub says on the host"
        try:
            key = shown_host_key(endpoint.address, endpoint.port, like=endpoint.host_key)
        except HostUnreachable:
            shown, action = "another key", f"{compare}."
        else:
            shown, action = fingerprint(key), f"{compare}; if it is the same, enter this host key: {key}"
        expected = f"{fingerprint(endpoint.host_key)} is trusted" if endpoint.host_key else "no key is trusted yet"
        return HostKeyUntrusted(
            endpoint.name,
            f"{endpoint.address} shows the host key {shown}; {expected}.",
            action=action,
        )
