"""Hosts' own sides on this machine, through a local process and through a real SSH server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hosts.providers.libvirt.channel import Channel, local_channel, ssh_channel
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
