"""Fixtures for tests of jobs in the in-memory world."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from hosts.models import VirtualMachine
from hosts.providers import PROVIDERS
from tests.fakes.estate import Estate
from tests.fakes.moves import Move
from tests.migrations_app.wizard import Wizard


@pytest.fixture
def move(transactional_db: None, settings: Settings) -> Iterator[Move]:
    """WEB01 running on HV01, and an empty HV02. Real transactions, because the lease is kept by another thread."""
    settings.POLL_MS = 1
    yield Move()
    PROVIDERS.pop("fake", None)


@pytest.fixture
def wizard(move: Move, signed_in: Client) -> Wizard:
    """The wizard for WEB01, with the answers of a person who accepts everything."""
    return Wizard(signed_in, VirtualMachine.objects.select_related("host").get(name="WEB01"), move.rows[1])


@pytest.fixture
def estate(transactional_db: None, settings: Settings) -> Iterator[Estate]:
    """HV01 with VM1, VM2 and VM3; empty HV02 and HV03."""
    settings.POLL_MS = 1
    yield Estate()
    PROVIDERS.pop("fake", None)
