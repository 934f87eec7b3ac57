"""From a host's row to a connection to it: the only place where a stored password is opened."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from hosts.models import Host
from hosts.providers import PROVIDERS
from hosts.providers.base import Provider, QuickMigrates
from hosts.providers.errors import NotAHypervisor
from hosts.providers.types import Endpoint, Secret, Transport


def connect(host: Host) -> Provider:
    """A connection for one thread; close it. Raises ProviderError and KeyMissing.

    The provider's module is imported on first use of its kind. Whoever wants another provider for a kind
    (a test, an extension) says so in `hosts.providers.PROVIDERS`.
    """
    return _provider_class(host)(endpoint(host))


def has_capability(host: Host, capability: type[object]) -> bool:
    """Whether hosts of this kind have it; nothing is asked of the host."""
    found = _provider_class(host)
    return isinstance(found, type) and issubclass(found, capability)


def _provider_class(host: Host) -> Callable[[Endpoint], Provider]:
    return cast("Callable[[Endpoint], Provider]", import_string(PROVIDERS[host.kind]))


def connect_mover(host: Host) -> QuickMigrates:
    """A connection to a host that VMs are moved from and to. Raises NotAHypervisor for one that is watched only."""
    provider = connect(host)
    if not isinstance(provider, QuickMigrates):
        provider.close()
        raise NotAHypervisor(
            host.name,
            f"{host.name} runs no virtualization software that Ferry moves virtual machines to.",
            action="Choose another host.",
        )
    return provider


def endpoint(host: Host) -> Endpoint:
    """Where the host listens and who we are there. Raises KeyMissing when no key opens the password."""
    return Endpoint(
        name=host.name,
        address=host.address,
        port=host.port,
        transport=Transport(host.transport),
        username=host.username,
        password=Secret(host.password.reveal()),
        ca_file=str(_ca_file(host.ca_pem)) if host.ca_pem else None,
        host_key=host.host_key,
        lab_networks=tuple(settings.LAB_NETWORKS),
    )


def _ca_file(pem: str) -> Path:
    """The certificates as a file, because requests takes no other; named by its content, so never written twice."""
    path = settings.VAR_DIR / "ca" / f"{hashlib.sha256(pem.encode()).hexdigest()}.pem"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        draft.write_text(pem, encoding="utf-8")
        draft.replace(path)
    return Path(path)
