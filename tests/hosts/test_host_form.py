"""Adding a host: the answer names what is wrong, and nothing is stored unless the host answers or one insists."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from hosts.models import Host
from hosts.providers import errors
from hosts.providers.types import Secret
from tests.hosts.memory import PASSWORD, Neighbourhood

ADD = "/hosts/add/"
ENTERED = {
    "name": "HV01",
    "address": "hv01",
    "port": "5985",
    "transport": "ntlm-http",
    "username": "LAB\\svc-ferry",
    "password": PASSWORD.reveal(),
    "ca_pem": "",
    "move_limit": "",
}


def enter(client: Client, page: str = ADD, **changes: str) -> str:
    return client.post(page, ENTERED | changes, follow=True).content.decode()


def test_a_host_that_answers_is_added(administrator: Client, admin: User, network: Neighbourhood) -> None:
    network.add("hv01")

    html = enter(administrator)

    assert "HV01 was added." in html
    assert "Windows Server 2022 Datacenter" in html
    assert Host.objects.get().added_by == admin


@pytest.mark.parametrize(
    "error",
    [
        errors.HostUnreachable("HV01", "The name hv01 is unknown."),
        errors.CertificateUntrusted("HV01", "The certificate of the host is self-signed."),
        errors.NotAHypervisor("HV01", "The host has no Hyper-V."),
        errors.ProtocolError("HV01", "The host answered a web page."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_answer_names_what_is_wrong_and_what_to_do(
    administrator: Client, network: Neighbourhood, error: errors.ProviderError
) -> None:
    network.add("hv01").inspect_error = error

    html = enter(administrator)

    assert "The host could not be asked, so nothing was stored." in html
    assert error.message in html
    assert error.action.replace("'", "&#x27;") in html
    assert not Host.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"address": "nowhere"}, "address", "Nothing listens at nowhere:5985."),
        ({"port": "5986"}, "address", "Nothing listens at hv01:5986."),
        ({"password": "wrong"}, "password", "The login of LAB\\svc-ferry was refused."),
    ],
)
def test_the_field_that_is_likely_wrong_is_marked(
    administrator: Client, network: Neighbourhood, changes: dict[str, str], field: str, text: str
) -> None:
    network.add("hv01")

    html = enter(administrator, **changes)

    assert f'id="id_{field}_error"' in html
    assert html.count(text) == 2


def test_the_password_is_not_sent_back(administrator: Client, network: Neighbourhood) -> None:
    assert PASSWORD.reveal() not in enter(administrator)


def test_a_host_that_fails_is_added_when_one_insists(administrator: Client, network: Neighbourhood) -> None:
    html = enter(administrator, anyway="on")

    assert "HV01 was added." in html
    assert "Nothing listens at hv01:5985." in html
    assert Host.objects.get().state == Host.State.NOT_RESPONDING


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("name", "", "Give the host a name."),
        ("address", "", "Enter the DNS name or the IP address"),
        ("name", "<script>alert(1)</script>", "made of letters"),
        ("name", "x" * 256, "at most 255 characters"),
        ("address", "hv01/wsman", "DNS name"),
        ("address", "300.1.1.1", "DNS name"),
        ("port", "", "a whole number from 1 to 65535."),
        ("port", "0", "a whole number from 1 to 65535."),
        ("port", "65536", "a whole number from 1 to 65535."),
        ("port", "http", "a whole number from 1 to 65535."),
        ("transport", "telnet", "not one of the available choices"),
        ("username", "", "Enter the user&#x27;s name."),
        ("password", "", "Enter the password."),
        ("ca_pem", "hello", "no certificate in PEM form"),
        ("move_limit", "0", "Give the limit as a whole number of MB/s"),
        ("move_limit", "much", "Give the limit as a whole number of MB/s"),
        ("name", "HV\x00", "Null characters are not allowed."),
    ],
)
def test_bad_input_is_refused_in_its_field(
    administrator: Client, network: Neighbourhood, field: str, value: str, text: str
) -> None:
    network.add("hv01")

    html = enter(administrator, anyway="on", **{field: value})

    assert text in html
    assert "<script>alert" not in html
    assert not Host.objects.exists()
    assert network.hosts["hv01"].questions == []


def test_a_second_host_of_a_name_is_refused(administrator: Client, hv01: Host) -> None:
    assert "There is a host of this name already." in enter(administrator, address="elsewhere", anyway="on")
    assert Host.objects.count() == 1


def test_a_connection_is_changed_without_entering_the_password_again(administrator: Client, hv01: Host) -> None:
    address = reverse("host-edit", args=[hv01.pk])
    assert PASSWORD.reveal() not in administrator.get(address).content.decode()

    html = enter(administrator, address, name="HV-01", password="")

    assert "The connection to HV-01 was changed." in html
    assert Host.objects.get().password == PASSWORD


def test_a_change_that_does_not_work_is_not_stored(administrator: Client, hv01: Host) -> None:
    html = enter(administrator, reverse("host-edit", args=[hv01.pk]), password="wrong")

    assert "nothing was stored" in html
    assert Host.objects.get().password == PASSWORD


def test_a_new_password_is_stored(administrator: Client, hv01: Host, network: Neighbourhood) -> None:
    network.hosts["hv01"].password = Secret("new")

    enter(administrator, reverse("host-edit", args=[hv01.pk]), password="new")

    assert Host.objects.get().password == Secret("new")


def test_the_bandwidth_of_all_moves_is_set_shown_and_taken_away(administrator: Client, hv01: Host) -> None:
    address = reverse("host-edit", args=[hv01.pk])

    enter(administrator, address, move_limit="250")
    assert Host.objects.get().move_limit_bytes_per_s == 250 << 20
    assert 'value="250"' in administrator.get(address).content.decode()

    enter(administrator, address)
    assert Host.objects.get().move_limit_bytes_per_s == 0


KVM = f"{ADD}?kind=libvirt"
PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n"
ENTERED_KVM = {"name": "KVM01", "address": "kvm01", "port": "22", "transport": "ssh", "username": "root"}


def test_a_kvm_host_has_a_form_of_its_own(administrator: Client) -> None:
    html = administrator.get(KVM).content.decode()

    assert "Private key" in html
    assert "libvirt over SSH" in html
    assert "NTLM" not in html


def test_a_private_key_is_not_sent_back(administrator: Client) -> None:
    html = administrator.post(KVM, ENTERED_KVM | {"password": PRIVATE_KEY, "host_key": "x"}).content.decode()

    assert "ssh-keyscan" in html
    assert "b3BlbnNzaA" not in html


@pytest.mark.parametrize(
    ("transport", "sentence"),
    [("ssh", "Enter the private key."), ("tls", "Enter the client&#x27;s certificate and its key.")],
)
def test_what_the_transport_needs_is_asked_for(administrator: Client, transport: str, sentence: str) -> None:
    html = administrator.post(KVM, ENTERED_KVM | {"transport": transport, "host_key": ""}).content.decode()

    assert sentence in html
    assert not Host.objects.exists()


def test_a_hyper_v_transport_is_none_of_a_kvm_host(administrator: Client) -> None:
    html = administrator.post(KVM, ENTERED_KVM | {"transport": "ntlm-http", "password": "x"}).content.decode()

    assert "not one of the available choices" in html


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("hv01", "There is a host named HV01 already: give a name that differs in more."),
        ("HV01 ", "There is a host of this name already."),
        ("\uff28V01", "A host&#x27;s name is made of letters"),
    ],
)
def test_a_host_that_is_called_like_another_is_refused_at_its_name(
    administrator: Client, network: Neighbourhood, name: str, sentence: str
) -> None:
    network.add("hv01")
    enter(administrator)

    html = enter(administrator, name=name)

    assert sentence in html
    assert Host.objects.count() == 1
