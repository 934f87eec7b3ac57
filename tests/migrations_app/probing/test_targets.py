"""Which address of a VM is asked, and how: the first that answers, if it can also fail to."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from console.settings import _checked_probes
from migrations_app.probing.targets import Answer, Target, candidates, choose, read_target, usable_addresses

YES, REFUSED, SILENT, UNASKED = Answer.YES, Answer.REFUSED, Answer.SILENT, Answer.UNASKED
PING, SSH, WEB = Target("10.0.0.7"), Target("10.0.0.7", 22), Target("10.0.0.7", 80)


def elsewhere(address: str) -> bool:
    return False


def here(address: str) -> bool:
    return True


def test_ipv4_comes_first_and_what_cannot_be_reached_from_elsewhere_is_left_out() -> None:
    reported = ["fe80::1", "fd00::7", "169.254.3.4", "10.0.0.7", "", "0.0.0.0", "no address", "10.0.0.7", "10.0.0.8"]

    assert usable_addresses(reported) == ["10.0.0.7", "10.0.0.8", "fd00::7"]


def test_every_address_is_tried_in_every_way_the_preferred_way_first() -> None:
    tried = candidates(["10.0.0.7", "fd00::7"], ["ping", "22"], elsewhere)

    assert [str(each) for each in tried] == ["ping 10.0.0.7", "ping fd00::7", "TCP 10.0.0.7:22", "TCP [fd00::7]:22"]


def test_an_address_of_this_machine_is_not_pinged_as_it_always_answers() -> None:
    assert candidates(["127.1.0.1"], ["ping", "22"], here) == [Target("127.1.0.1", 22)]


@pytest.mark.parametrize(
    ("answers", "chosen"),
    [
        ({PING: YES, SSH: YES}, PING),
        ({PING: SILENT, SSH: REFUSED, WEB: YES}, WEB),
        ({PING: UNASKED, SSH: SILENT, WEB: REFUSED}, Target("10.0.0.7", 80, counts_refusal=True)),
        ({PING: REFUSED, SSH: SILENT}, None),
        ({PING: UNASKED, SSH: UNASKED}, None),
        ({}, None),
    ],
)
def test_the_first_that_answers_is_chosen_and_a_refusal_only_where_none_does(
    answers: dict[Target, Answer], chosen: Target | None
) -> None:
    assert choose(answers, elsewhere) == chosen


def test_a_refusal_by_this_machine_proves_nothing() -> None:
    assert choose({SSH: REFUSED}, here) is None


def test_a_refusal_shows_that_the_address_is_up_only_where_it_was_chosen_so() -> None:
    assert not SSH.is_up(REFUSED)
    assert Target("10.0.0.7", 22, counts_refusal=True).is_up(REFUSED)
    assert not Target("10.0.0.7", 22, counts_refusal=True).is_up(SILENT)


@pytest.mark.parametrize(
    "target", [PING, SSH, Target("fd00::7"), Target("fd00::7", 3389), Target("10.0.0.7", 445, counts_refusal=True)]
)
def test_a_later_worker_reads_from_the_rows_what_was_asked(target: Target) -> None:
    assert read_target(str(target)) == target


@pytest.mark.parametrize("written", ["", "TCP", "ICMP 10.0.0.7", "TCP 10.0.0.7"])
def test_what_is_not_a_target_is_none(written: str) -> None:
    assert read_target(written) is None


@pytest.mark.parametrize("probe", ["ssh", "0", "65536", "-22"])
def test_a_probe_that_is_none_is_named(probe: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{probe} is neither ping nor the number of a TCP port"):
        _checked_probes(["ping", probe])
