"""This machine tells what it has and how loaded it is."""

from __future__ import annotations

import pytest

from hosts.providers.base import QuickMigrates
from hosts.providers.local.provider import LocalProvider
from hosts.providers.types import Endpoint, Secret, Transport


@pytest.fixture
def provider() -> LocalProvider:
    return LocalProvider(Endpoint("here", "localhost", 0, Transport.NTLM_HTTP, "", Secret("")))


def test_it_tells_what_it_has(provider: LocalProvider) -> None:
    facts = provider.inspect()

    assert facts.cpu_count > 0
    assert 0 < facts.memory_available_mb <= facts.memory_mb
    assert all(0 <= volume.free_bytes <= volume.size_bytes for volume in facts.volumes)
    assert facts.volumes
    assert (facts.vms, facts.networks, facts.supported_vm_versions) == ((), (), ())


def test_two_samples_in_a_row_are_both_within_bounds(provider: LocalProvider) -> None:
    for load in (provider.sample(), provider.sample()):
        assert 0 <= load.cpu_percent <= 100
        assert 0 <= load.network_percent <= 100
        assert load.disk_iops >= 0


def test_it_is_no_end_of_a_move(provider: LocalProvider) -> None:
    with provider:
        assert not isinstance(provider, QuickMigrates)
