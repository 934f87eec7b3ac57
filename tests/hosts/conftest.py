"""Fixtures for tests of the inventory: hosts in memory in place of Hyper-V."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client

from hosts.inventory import NewHost, add_host
from hosts.models import Host
from hosts.providers import PROVIDERS
from tests.hosts.memory import NETWORK, PASSWORD, Neighbourhood


@pytest.fixture
def network(db: None) -> Iterator[Neighbourhood]:
    """An empty network whose hosts speak from memory."""
    real = PROVIDERS["hyperv"]
    PROVIDERS["hyperv"] = "tests.hosts.memory.MemoryProvider"
    NETWORK.hosts.clear()
    yield NETWORK
    PROVIDERS["hyperv"] = real


@pytest.fixture
def hv01(network: Neighbourhood) -> Host:
    """HV01, added and responding, without VMs."""
    network.add("hv01")
    return add(name="HV01", address="hv01")


@pytest.fixture
def hv02(network: Neighbourhood) -> Host:
    network.add("hv02")
    return add(name="HV02", address="hv02")


@pytest.fixture
def administrator(client: Client, admin: User) -> Client:
    """Django's test client with an administrator signed in."""
    client.force_login(admin)
    return client


def add(name: str, address: str, port: int = 5985) -> Host:
    return add_host(NewHost(name, address, "LAB\\svc-ferry", PASSWORD, port), None)
