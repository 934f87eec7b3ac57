"""The live test of a connection: every kind of error marks a field, for both kinds of hosts; secrets stay unseen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from hosts.asking import trouble_of
from hosts.forms import FORMS, ConnectionForm, HyperVForm, LibvirtForm
from hosts.models import AuditRecord, Host
from hosts.providers import PROVIDERS, errors
from hosts.providers.libvirt.refusals import LibvirtFailure, refusal_of
from hosts.providers.types import Secret
from tests.hosts.memory import NETWORK, MemoryHost, make_facts
from tests.hosts.test_host_form import ENTERED_KVM, KVM, PRIVATE_KEY

FIELDS = {
    errors.HostUnreachable: ("address", "address"),
    errors.DeadlineExceeded: ("address", "address"),
    errors.CertificateUntrusted: ("ca_pem", "ca_pem"),
    errors.HostKeyUntrusted: ("address", "host_key"),
    errors.AccessDenied: ("password", "password"),
    errors.NotAHypervisor: ("address", "address"),
    errors.ProtocolError: ("port", "port"),
    errors.Refused: ("address", "address"),
}


@pytest.fixture
def kvm01() -> Iterator[MemoryHost]:
    """A host that takes the private key, and speaks from memory."""
    real = PROVIDERS["libvirt"]
    PROVIDERS["libvirt"] = "tests.hosts.memory.MemoryProvider"
    NETWORK.hosts.clear()
    NETWORK.hosts["kvm01"] = MemoryHost(make_facts("kvm01"), port=22, username="root", password=Secret(PRIVATE_KEY))
    yield NETWORK.hosts["kvm01"]
    PROVIDERS["libvirt"] = real


def filled(form: type[ConnectionForm]) -> ConnectionForm:
    """Valid, with what a test needs."""
    kvm = ENTERED_KVM | {"password": PRIVATE_KEY}
    hyperv = {"name": "HV01", "address": "hv01", "port": "5985", "transport": "ntlm-http", "username": "x"}
    bound = form(kvm if form is LibvirtForm else hyperv | {"password": "x"})
    assert bound.is_valid(), bound.errors
    return bound


@pytest.mark.django_db
@pytest.mark.parametrize("kind", FIELDS)
@pytest.mark.parametrize("form", [HyperVForm, LibvirtForm])
def test_every_kind_of_error_marks_a_field(form: type[ConnectionForm], kind: type[errors.ProviderError]) -> None:
    error, bound = kind("HOST", "It is so."), filled(form)

    bound.refuse(trouble_of(error))

    assert list(bound.errors) == [FIELDS[kind][form is LibvirtForm]]
    assert error.action


def test_every_error_that_a_question_can_end_with_is_in_the_table() -> None:
    asked = {cls for cls in errors.ProviderError.__subclasses__() if cls is not errors.DigestMismatch}

    assert asked <= set(FIELDS)


@pytest.mark.parametrize(
    ("text", "kind", "field"),
    [
        ("unable to connect to server at 'kvm01:16514': Connection refused", "NothingListens", "port"),
        ("no connection driver available for qemu:///system", "NotAHypervisor", "address"),
        ("Failed to connect socket to '/run/libvirt/libvirt-sock': Permission denied", "AccessDenied", "password"),
        ("Cannot recv data: Host key verification failed.", "HostKeyUntrusted", "host_key"),
        ("The server certificate is not trusted", "CertificateUntrusted", "ca_pem"),
    ],
)
@pytest.mark.django_db
def test_what_libvirt_says_is_understood(text: str, kind: str, field: str) -> None:
    error = refusal_of("KVM01", LibvirtFailure(38, 7, text), is_opening=True)
    bound = filled(FORMS[Host.Kind.LIBVIRT])

    bound.refuse(trouble_of(error))

    assert (error.kind, list(bound.errors)) == (kind, [field])
    assert "WinRM" not in error.action
    assert "Hyper-V" not in error.action


def test_a_private_key_is_stored_sealed_and_never_shown_again(administrator: Client, kvm01: MemoryHost) -> None:
    administrator.post(KVM, ENTERED_KVM | {"password": PRIVATE_KEY})
    made = Host.objects.get(name="KVM01")

    pages = [administrator.get(reverse(page, args=[made.pk])).content.decode() for page in ("host-page", "host-edit")]

    assert made.password == Secret(PRIVATE_KEY)
    assert "b3BlbnNzaA" not in "".join(pages)
    assert "b3BlbnNzaA" not in str(list(AuditRecord.objects.values()))
    assert "b3BlbnNzaA" not in str(Host.objects.values_list("password", flat=True)[0])


def test_a_private_key_that_is_left_empty_stays_as_it_is(administrator: Client, kvm01: MemoryHost) -> None:
    administrator.post(KVM, ENTERED_KVM | {"password": PRIVATE_KEY})
    made = Host.objects.get(name="KVM01")

    administrator.post(reverse("host-edit", args=[made.pk]), ENTERED_KVM | {"name": "KVM-01", "max_moves_in": "7"})

    changed = Host.objects.get()
    assert (changed.name, changed.max_moves_in, changed.password) == ("KVM-01", 7, Secret(PRIVATE_KEY))
