"""Whom a host serves its files to, and what a copy makes of a source that refuses or is silent."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from hosts.providers.errors import Refused
from hosts.providers.libvirt.host_calls import remote_file
from hosts.providers.libvirt.host_side.failures import Failure
from hosts.providers.libvirt.host_side.fetching import Source
from hosts.providers.libvirt.serving_certificate import new_serving_certificate
from hosts.providers.types import CopyOrder, Secret, Work, WorkState
from tests.providers.libvirt.sides import MIB, Relay, Sides, digest
from tests.providers.libvirt.test_host_side_copy import begun
from tests.providers.pair import TAG, until


def failed(sides: Sides, order: CopyOrder) -> Work:
    sides.target.start_works(TAG, [order])
    work = sides.ended()
    assert work.state is WorkState.FAILED
    assert (work.bytes_sent, Path(order.destination).exists()) == (0, False)
    return work


def test_a_wrong_token_is_refused(sides: Sides) -> None:
    order = sides.order(sides.made(5000))

    work = failed(sides, replace(order, source=replace(order.source, password=Secret("a guess"))))

    assert work.error_kind == "AccessDenied"


def test_another_certificate_is_refused_before_it_hears_the_token(sides: Sides) -> None:
    order = sides.order(sides.made(5000))

    work = failed(sides, replace(order, source=replace(order.source, username="00" * 32)))

    assert work.error is not None
    assert "Another certificate" in work.error


@pytest.mark.parametrize("asked", ["/etc/hostname", "../disk.qcow2", ""])
def test_a_file_that_the_job_does_not_read_is_refused(sides: Sides, asked: str) -> None:
    path = sides.made(5000)
    order = sides.order(path)
    serving = sides.source.servings(TAG)[0]
    place = remote_file(serving, sides.certificate, asked if asked.startswith("/") else f"{path.parent}/x/{asked}")

    assert failed(sides, replace(order, source=place)).error_kind == "AccessDenied"


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_only_regular_files_are_served(sides: Sides, kind: str) -> None:
    path = sides.made(5000).parent / kind
    path.mkdir() if kind == "folder" else os.mkfifo(path)

    assert failed(sides, sides.order(path)).error_kind == "Refused"


def test_a_relative_path_is_not_served(sides: Sides) -> None:
    with pytest.raises(Refused, match="no absolute path"):
        sides.source.serve(TAG, "127.0.0.1", sides.certificate, ["disk.qcow2"])


def test_an_address_that_the_host_does_not_have_is_refused(sides: Sides) -> None:
    for address in ("192.0.2.1", "no such name.invalid"):
        with pytest.raises(Refused, match=address):
            sides.source.serve(TAG, address, sides.certificate, [])


def test_a_serving_process_is_found_again_on_the_port_that_migrations_use(sides: Sides) -> None:
    first, second = (sides.source.serve(TAG, "127.0.0.1", sides.certificate, [path]) for path in ("/a", "/b"))

    assert first == second == sides.source.servings(TAG)[0]
    assert 49152 <= first.port <= 49215
    assert first.is_alive


def test_another_console_gets_a_process_of_its_own_and_the_first_one_goes_on(sides: Sides) -> None:
    first = sides.source.serve(TAG, "127.0.0.1", sides.certificate, ["/a"])

    second = sides.source.serve(TAG, "127.0.0.1", new_serving_certificate(), ["/a"])

    assert first.port != second.port
    assert [serving.is_alive for serving in sides.source.servings(TAG)] == [True, True]


def test_neither_key_nor_token_is_on_the_host(sides: Sides) -> None:
    sides.copy(sides.made(5000))
    sides.ended()

    kept = [path.read_text() for root in ("source-root", "target-root") for path in (sides.folder / root).rglob("*.*")]

    assert kept
    assert not [text for text in kept if sides.certificate.token.reveal() in text or "PRIVATE KEY" in text]
    assert {path.stat().st_mode & 0o077 for path in (sides.folder / "source-root").rglob("*.*")} == {0}


def test_a_source_that_died_leaves_the_copy_to_go_on_when_it_is_back(sides: Sides) -> None:
    path = sides.made(12 * MIB)
    begun(sides, path)
    port = sides.source.servings(TAG)[0].port

    sides.kill_server()
    cut_off = sides.ended()
    sides.copy(path)

    assert (cut_off.state, cut_off.error_kind) == (WorkState.FAILED, "HostUnreachable")
    assert sides.source.servings(TAG)[0].port == port
    done = sides.ended()
    assert (done.state, done.digest, done.bytes_sent) == (WorkState.DONE, digest(path), 12 * MIB)


def test_a_silent_source_is_unreachable(sides: Sides, relay: Relay) -> None:
    place = sides.order(path := sides.made(MIB)).source
    port, token = int(place.location.split("/")[2].split(":")[1]), place.password.reveal()
    asked = {"address": "127.0.0.1", "port": port, "fingerprint": place.username, "token": token}
    source = Source(asked, silence_s=0.5)
    facts = source.open(str(path))

    relay.is_silent.set()
    source.ask(0, 10)
    with pytest.raises(Failure, match=r"127\.0\.0\.1 does not answer") as silent:
        source.receive(memoryview(bytearray(10)))

    source.close()
    assert (facts["size_bytes"], silent.value.kind) == (MIB, "HostUnreachable")


def test_a_server_ends_when_the_traces_of_its_job_are_cleared(sides: Sides) -> None:
    serving = sides.source.serve(TAG, "127.0.0.1", sides.certificate, [])

    sides.source.clear_traces(TAG, destinations=None, used=[], kept_folders=[])

    assert sides.source.servings(TAG) == ()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", serving.port), timeout=5)


def test_a_server_ends_when_its_record_is_gone(sides: Sides) -> None:
    serving = sides.source.serve(TAG, "127.0.0.1", sides.certificate, [])
    (record,) = (sides.folder / "source-root" / TAG).glob("*.serving")
    kept = record.read_bytes()
    record.unlink()
    until(lambda: _is_open(serving.port), lambda is_open: not is_open)
    record.write_bytes(kept)

    assert not sides.source.servings(TAG)[0].is_alive


def _is_open(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def test_a_source_that_is_written_meanwhile_fails_the_copy(sides: Sides) -> None:
    path = sides.made(8 * MIB)
    begun(sides, path)

    with path.open("r+b") as file:
        file.write(b"x")
    work = sides.ended()

    assert (work.state, work.error) == (WorkState.FAILED, f"{path} was written while it was copied.")
    assert not sides.destination(path).exists()
