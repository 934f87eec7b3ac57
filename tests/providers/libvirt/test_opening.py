"""From an endpoint to what libvirt is told, and what is refused before anything is asked."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from hosts.providers.errors import AccessDenied, DeadlineExceeded, HostUnreachable, NotAHypervisor, Refused
from hosts.providers.libvirt import connection
from hosts.providers.libvirt.connection import Connection
from hosts.providers.libvirt.opening import CertificateFolder, open_session, uri
from hosts.providers.libvirt.provider import LibvirtProvider
from hosts.providers.types import Endpoint, Secret, Transport

TCP = Endpoint("KVM01", "192.0.2.7", 16509, Transport.LIBVIRT_TCP, "", Secret(""))
TLS = replace(TCP, port=16514, transport=Transport.LIBVIRT_TLS)
PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\ny\n"


@pytest.mark.parametrize(
    ("endpoint", "parameters", "told"),
    [
        (TCP, {}, "qemu+tcp://192.0.2.7:16509/system"),
        (replace(TCP, address="fe80::1"), {}, "qemu+tcp://[fe80::1]:16509/system"),
        (
            replace(TLS, username="a@b"),
            {"pkipath": "/t/x y"},
            "qemu+tls://a%40b@192.0.2.7:16514/system?pkipath=%2Ft%2Fx%20y",
        ),
    ],
)
def test_the_uri_of_a_host(endpoint: Endpoint, parameters: dict[str, str], told: str) -> None:
    assert uri(endpoint, parameters) == told


@pytest.mark.parametrize("address", ["192.0.2.7", "no-such-name.invalid"])
def test_plain_tcp_leads_to_no_host_outside_a_lab(address: str) -> None:
    with LibvirtProvider(replace(TCP, address=address)) as host, pytest.raises(Refused, match="plain TCP"):
        host.inspect()


@pytest.mark.parametrize(("address", "networks"), [("127.0.0.1", ()), ("127.0.0.2", ("192.0.2.0/24",))])
def test_plain_tcp_may_lead_to_this_machine(address: str, networks: tuple[str, ...]) -> None:
    endpoint = replace(TCP, address=address, port=1, lab_networks=networks)

    with LibvirtProvider(endpoint) as host, pytest.raises(HostUnreachable):
        host.inspect()


def test_certificates_lie_in_a_private_folder_while_they_are_used(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("authority")
    folder = CertificateFolder(replace(TLS, password=Secret(PEM), ca_file=str(tmp_path / "ca.pem")))

    path = Path(folder.uri_parameters()["pkipath"])
    names, mode = sorted(file.name for file in path.iterdir()), path.stat().st_mode & 0o777
    key_mode = (path / "clientkey.pem").stat().st_mode & 0o777
    folder.remove()

    assert (names, mode, key_mode) == (["cacert.pem", "clientcert.pem", "clientkey.pem"], 0o700, 0o600)
    assert not path.exists()


@pytest.mark.parametrize(("pem", "ca"), [("", "x"), ("BEGIN CERTIFICATE", "x"), (PEM, None)])
def test_tls_without_its_certificates_says_what_is_missing(pem: str, ca: str | None) -> None:
    with LibvirtProvider(replace(TLS, password=Secret(pem), ca_file=ca)) as host, pytest.raises(AccessDenied) as told:
        host.inspect()

    assert "certificate" in str(told.value)


def test_without_libvirt_python_the_commands_that_install_it_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "libvirt", None)

    with LibvirtProvider(replace(TCP, address="127.0.0.1")) as host, pytest.raises(NotAHypervisor) as missing:
        host.inspect()

    for word in ("libvirt-dev", "pkg-config", "gcc", "python3-dev", "requirements-kvm.txt"):
        assert word in missing.value.action


def test_what_needs_the_hosts_own_side_is_refused_over_tcp() -> None:
    session = open_session(replace(TCP, address="127.0.0.1"))

    with pytest.raises(Refused, match="over SSH only"):
        session.host_side.works("ferry-7")
    session.close()


def test_a_call_that_does_not_return_in_time_is_given_up_and_so_is_what_comes_after_it() -> None:
    cut, tried = Event(), []
    held = Connection("KVM01", lambda: "test:///default", cut.set)

    def hangs() -> None:
        cut.wait(30)
        held.hypervisor()
        tried.append("acted late")

    begun = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        held.within(0.2, hangs)

    assert time.monotonic() - begun < 10
    for late in (held.hypervisor, lambda: held.within(1, lambda: None)):
        with pytest.raises(DeadlineExceeded):
            late()
    assert tried == []
