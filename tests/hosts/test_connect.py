"""A host's row becomes an endpoint and a connection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.contrib.auth.models import User
from django.utils.module_loading import import_string

from hosts.connect import connect, connect_mover, endpoint
from hosts.inventory import add_this_machine
from hosts.models import Host
from hosts.providers import PROVIDERS
from hosts.providers.base import Provider
from hosts.providers.errors import NotAHypervisor
from hosts.providers.types import Secret, Transport
from hosts.validators import validate_certificates
from tests.hosts.memory import PASSWORD, MemoryProvider, Neighbourhood


def certificate() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lab CA")]), datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_an_endpoint_says_where_and_who(hv01: Host) -> None:
    found = endpoint(Host.objects.get())

    assert (found.name, found.address, found.port, found.username) == ("HV01", "hv01", 5985, "LAB\\svc-ferry")
    assert (found.transport, found.password, found.ca_file) == (Transport.NTLM_HTTP, PASSWORD, None)
    assert type(found.password) is Secret


def test_the_certificates_are_a_file_named_by_their_content(hv01: Host) -> None:
    pem = certificate()
    validate_certificates(pem)
    hv01.ca_pem = pem

    first, again = endpoint(hv01).ca_file, endpoint(hv01).ca_file

    assert first == again
    assert first is not None
    assert Path(first).read_text() == pem
    assert [path.name for path in Path(first).parent.iterdir() if "-" in path.name] == []


def test_the_provider_is_the_one_of_the_kind(hv01: Host, network: Neighbourhood) -> None:
    with connect(hv01) as provider:
        assert isinstance(provider, MemoryProvider)


@pytest.mark.parametrize("path", PROVIDERS.values())
def test_every_provider_of_the_table_can_be_imported(path: str) -> None:
    assert issubclass(import_string(path), Provider)


def test_a_host_that_is_watched_only_is_no_end_of_a_move(admin: User) -> None:
    here = add_this_machine(admin)

    with pytest.raises(NotAHypervisor, match="no virtualization software that Ferry moves"):
        connect_mover(here)
