"""Real sockets: who accepts, who refuses, who is silent, and a rhythm that silence does not break."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations_app.probing.asking import ask, ask_all, is_own_address
from migrations_app.probing.prober import NEAR_S, Prober
from migrations_app.probing.targets import Answer, Target
from tests.lab_moves import wait_until

ROOT = Path(__file__).resolve().parents[3]
IN_A_NETWORK_OF_ITS_OWN = (
    'ip link set lo up; ip route add 10.9.9.9 dev lo; echo 0 0 > /proc/sys/net/ipv4/ping_group_range; exec "$0" -c "$1"'
)
PINGS = """
import asyncio
from migrations_app.probing.asking import ask
from migrations_app.probing.targets import Target
print(*(asyncio.run(ask(Target(address))).value for address in ("127.0.0.1", "::1", "10.9.9.9", "203.0.113.1")))
"""


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def silent() -> Iterator[Target]:
    """A listener whose queue is full: Linux drops what else comes, as if nobody were there."""
    with socket.socket() as listener, socket.socket() as first:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        first.connect(listener.getsockname())
        yield _target(listener)


def test_an_accepted_connection_is_an_answer(listening: socket.socket) -> None:
    assert asyncio.run(ask(_target(listening))) is Answer.YES


def test_nobody_at_the_port_is_a_refusal(listening: socket.socket) -> None:
    listening.close()

    assert asyncio.run(ask(Target("127.0.0.1", _free_port()))) is Answer.REFUSED


def test_all_are_asked_at_once_in_their_order(listening: socket.socket, silent: Target) -> None:
    refusing = Target("127.0.0.1", _free_port())

    answers = asyncio.run(ask_all([silent, refusing, _target(listening)]))

    assert list(answers.items()) == [
        (silent, Answer.SILENT),
        (refusing, Answer.REFUSED),
        (_target(listening), Answer.YES),
    ]


def test_an_address_of_this_machine_is_known() -> None:
    assert is_own_address("127.3.2.1")
    assert not is_own_address("203.0.113.1")


def test_a_ping_is_answered_by_a_kernel_and_not_by_an_empty_address() -> None:
    if not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("no unshare or no ip on this machine")
    alone = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", IN_A_NETWORK_OF_ITS_OWN]
    command = [*alone, sys.executable, PINGS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    if "unshare" in done.stderr or "ping_group_range" in done.stderr:
        pytest.skip("this machine lets nobody make a network of his own")

    ipv4, ipv6, empty, no_way_there = done.stdout.split()
    assert (ipv4, empty, no_way_there) == ("yes", "silent", "unasked")
    assert ipv6 == "yes" or not Path("/proc/net/if_inet6").exists()


def test_silence_delays_no_later_question(silent: Target) -> None:
    with Prober(silent, lambda: True) as prober:
        wait_until(lambda: any(run.probes >= 10 for run in prober.runs()), "ten questions without an answer", 10)
        (run,) = prober.runs()

    assert not run.is_up
    assert (run.ended_at - run.began_at).total_seconds() < 2 * NEAR_S * (run.probes - 1)


def test_a_target_that_comes_and_goes_is_seen_to(listening: socket.socket) -> None:
    target = _target(listening)

    with Prober(target, lambda: True) as prober:
        wait_until(lambda: [run.is_up for run in prober.runs()] == [True], "it answers", 10)
        listening.close()
        wait_until(lambda: [run.is_up for run in prober.runs()] == [True, False], "it does not", 10)
        with socket.create_server(("127.0.0.1", target.port or 0)):
            wait_until(lambda: [run.is_up for run in prober.runs()] == [True, False, True], "it does again", 10)


def test_far_from_the_outage_it_asks_once_a_second(listening: socket.socket) -> None:
    with Prober(_target(listening), lambda: False) as prober:
        wait_until(lambda: bool(prober.runs()) and prober.runs()[0].probes == 3, "three questions", 10)
        (run,) = prober.runs()

    assert (run.ended_at - run.began_at).total_seconds() > 1.7


def _target(listener: socket.socket) -> Target:
    return Target(*listener.getsockname())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
