"""Hosts' own sides on this machine, through a local process and a real SSH server; a host of libvirt's test driver."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hosts.providers.claims import Claim
from hosts.providers.libvirt import domain_xml
from hosts.providers.libvirt.channel import Channel, local_channel, ssh_channel
from hosts.providers.libvirt.connection import Connection
from hosts.providers.libvirt.host_calls import HostCalls
from hosts.providers.libvirt.provider import LibvirtProvider
from hosts.providers.libvirt.session import Session
from tests.providers.libvirt.samples import ENDPOINT, sample
from tests.providers.libvirt.sides import Relay, Sides, open_sides
from tests.providers.libvirt.sshd import Sshd, sshd


@pytest.fixture(scope="session")
def ssh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(params=["local", "ssh"])
def open_channel(request: pytest.FixtureRequest) -> Callable[[str], Channel]:
    """A channel to a host with this root, both ways."""
    if request.param == "local":
        return lambda root: local_channel("KVM01", root=root)
    server: Sshd = request.getfixturevalue("ssh_server")
    return lambda root: ssh_channel(server.endpoint(), root=root)


@pytest.fixture
def both_ways(tmp_path: Path, open_channel: Callable[[str], Channel]) -> Iterator[Sides]:
    made = open_sides(tmp_path, open_channel)
    yield made
    made.close()


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[Sides]:
    made = open_sides(tmp_path, lambda root: local_channel("KVM01", root=root))
    yield made
    made.close()


@pytest.fixture
def relay(sides: Sides) -> Iterator[Relay]:
    """Stands between the two sides."""
    sides.relay = Relay()
    yield sides.relay
    sides.relay.close()


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A host that has the VM of the samples, running, with its disks in `tmp_path`."""
    pytest.importorskip("libvirt")
    program = shutil.which("qemu-img")
    if program is None:
        pytest.skip("qemu-img is not installed")
    domain = sample("kept")
    domain.set("type", "test")
    for number, disk in enumerate(domain_xml.disk_elements(domain)):
        path = str(tmp_path / f"DB01-{number}.qcow2")
        subprocess.run([program, "create", "-q", "-f", "qcow2", path, "1M"], check=True)
        domain_xml.set_file(disk, [(path, "qcow2")])
    (tmp_path / "node.xml").write_text("<node/>")  # the driver's own default would be shared by all tests
    held = Connection("KVM01", lambda: f"test://{tmp_path}/node.xml")
    held.hypervisor().defineXMLFlags(domain_xml.text_of(domain)).create()
    return Session(held, HostCalls(local_channel("KVM01", root=str(tmp_path / "ferry"))))


@pytest.fixture
def host(session: Session) -> Iterator[LibvirtProvider]:
    with LibvirtProvider(ENDPOINT, lambda _endpoint: session) as made:
        made.claim(Claim("71-1767225600", fence=1))
        yield made
    assert session.calls is not None
    session.calls.close()
