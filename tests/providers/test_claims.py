"""A claim numbers a worker's calls and bounds them; without one the provider changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from hosts.providers.claims import CALL_AT_LEAST_S, Claim
from hosts.providers.errors import DeadlineExceeded, Refused
from hosts.providers.hyperv.provider import HyperVProvider
from tests.providers.samples import ENDPOINT, TAG, UID, RecordingShell

JOB = "7-1767225600"


def test_every_call_of_a_later_worker_has_a_higher_number() -> None:
    earlier, later = Claim(JOB, fence=1), Claim(JOB, fence=2)

    numbers = [*(earlier.next_call() for _ in range(1000)), later.next_call(), later.next_call()]

    assert numbers == sorted(set(numbers))
    assert Claim(JOB, fence=2**31).next_call() < 2**63


def test_two_connections_of_a_worker_never_bear_the_same_number() -> None:
    shell, claim = RecordingShell(), Claim(JOB, fence=1)
    for host in (HyperVProvider(ENDPOINT, shell), HyperVProvider(ENDPOINT, shell)):
        host.claim(claim)
        host.mark(UID, TAG, hold=False)

    numbers = [sent(parameters)["call"] for _, parameters, _ in shell.runs]

    assert len({*numbers, claim.next_call()}) == 3


def test_nothing_is_changed_without_a_claim_but_reading_is_free() -> None:
    shell = RecordingShell()
    host = HyperVProvider(ENDPOINT, shell)

    with pytest.raises(Refused, match="nobody has claimed"):
        host.save(UID, TAG)
    host.inspect()

    assert [verb for verb, _, _ in shell.runs] == ["inspect-host"]


@pytest.mark.parametrize(
    ("left_s", "allowed_s", "wait_s"),
    [(None, 3600, 300), (90.0, 90.0, 67), (1.0, CALL_AT_LEAST_S, 11), (-5.0, CALL_AT_LEAST_S, 11), (1e6, 3600, 300)],
)
def test_a_call_lasts_no_longer_than_what_is_left(left_s: float | None, allowed_s: float, wait_s: int) -> None:
    shell = RecordingShell()
    host = HyperVProvider(ENDPOINT, shell)
    host.claim(Claim(JOB, 1, lambda: left_s))

    host.save(UID, TAG)

    ((_, parameters, deadline_s),) = shell.runs
    assert (deadline_s, sent(parameters)["wait_s"]) == (allowed_s, wait_s)


def test_a_call_that_was_cut_short_says_that_the_outage_is_why() -> None:
    host = HyperVProvider(ENDPOINT, SilentShell())

    with pytest.raises(DeadlineExceeded, match="Nothing was heard"):
        host.inspect()
    host.claim(Claim(JOB, 1, lambda: 22.34))
    with pytest.raises(DeadlineExceeded, match="save-vm was given up after 22 seconds"):
        host.save(UID, TAG)


def sent(parameters: dict[str, Any]) -> dict[str, Any]:
    """The claim as the script gets it."""
    claim: dict[str, Any] = parameters["Claim"]
    return claim


class SilentShell(RecordingShell):
    """Hears nothing from its host."""

    def run(self, verb: str, parameters: Mapping[str, object], *, deadline_s: float) -> dict[str, Any]:
        raise DeadlineExceeded("HV01", "Nothing was heard.")
