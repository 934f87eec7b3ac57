"""Copies from one host to another: whole, resumed, sparse, paced, and never over what is not theirs."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hosts.providers.errors import AlreadyExists, Refused
from hosts.providers.types import HashOrder, Work, WorkState
from tests.providers.libvirt.sides import MIB, Relay, Sides, digest
from tests.providers.libvirt.test_host_side_files import ODD_NAMES
from tests.providers.pair import OTHER_TAG, TAG, until

DONE = (WorkState.DONE, None)
SLOW = 4 * MIB


def how(work: Work) -> tuple[WorkState, str | None]:
    return work.state, work.error_kind


def begun(sides: Sides, path: Path) -> None:
    """A slow copy of which a part has arrived."""
    sides.copy(path, limit_bytes_per_s=SLOW)
    until(sides.work, lambda work: work.bytes_done > MIB)


def test_a_copy_arrives_whole_with_the_digest_that_the_source_has(both_ways: Sides) -> None:
    path = both_ways.made(3 * MIB + 17)
    path.chmod(0o640)

    first = both_ways.copy(path)
    done, again = both_ways.ended(), both_ways.copy(path)

    assert (first.state, how(done), again) == (WorkState.RUNNING, DONE, done)
    assert done.digest == both_ways.hashed(path).digest == digest(both_ways.destination(path)) == digest(path)
    assert done.bytes_done == done.bytes_total == done.bytes_sent == 3 * MIB + 17
    assert both_ways.destination(path).stat().st_mode & 0o777 == 0o640
    assert [each.name for each in both_ways.destination(path).parent.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_of_any_name_arrives(sides: Sides, name: str) -> None:
    path = sides.made(5000, name)

    sides.copy(path)

    assert how(sides.ended()) == DONE
    assert sides.destination(path).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("size", [0, 1])
def test_an_empty_file_arrives_too(sides: Sides, size: int) -> None:
    path = sides.made(size)

    sides.copy(path)

    assert sides.ended().digest == digest(sides.destination(path)) == sides.hashed(path).digest


def test_holes_are_not_sent_and_stay_holes(sides: Sides) -> None:
    path = sides.made(0)
    with path.open("r+b") as file:
        for offset in (8 * MIB, 24 * MIB):
            file.seek(offset)
            file.write(os.urandom(MIB))
        file.truncate(32 * MIB)

    sides.copy(path)
    done = sides.ended()

    assert (how(done), done.bytes_done, done.bytes_sent) == (DONE, 32 * MIB, 2 * MIB)
    assert done.digest == digest(path) == digest(sides.destination(path))
    assert sides.destination(path).stat().st_blocks * 512 < 3 * MIB


def test_many_works_share_lanes_and_are_listed_as_they_were_begun(sides: Sides) -> None:
    paths = [sides.made(5000 + number, f"state-{number}") for number in range(5)]
    orders = [sides.order(path, f"copy-{9 - number}") for number, path in enumerate(paths)]

    sides.target.start_works(TAG, [*orders, HashOrder("hash-0", str(paths[0]))])
    ended = [sides.ended(order.work_id) for order in orders]

    assert [work.work_id for work in sides.target.works(TAG)] == [*(order.work_id for order in orders), "hash-0"]
    assert [work.digest for work in ended] == [digest(path) for path in paths]
    assert len({sides.record(order.work_id)["process_id"] for order in orders}) == 1
    assert sides.target.works(OTHER_TAG) == ()


def test_a_copy_that_was_killed_goes_on_where_it_stopped_and_nothing_is_sent_twice(sides: Sides, relay: Relay) -> None:
    path = sides.made(24 * MIB)
    begun(sides, path)

    lost = sides.kill_copy()
    kept = sides.partial(path).stat().st_size
    sides.copy(path)
    done = sides.ended()

    assert (lost.state, how(done)) == (WorkState.LOST, DONE)
    assert MIB < kept < 24 * MIB
    assert done.digest == digest(path) == digest(sides.destination(path))
    assert done.bytes_sent == 24 * MIB
    assert relay.bytes_sent < 24 * MIB + 2 * MIB  # what was under way when it was killed, and TLS's own


@pytest.mark.parametrize("lost", ["boot", "source_stamp"])
def test_what_may_not_be_of_this_file_is_not_gone_on_with(sides: Sides, lost: str) -> None:
    path = sides.made(16 * MIB)
    begun(sides, path)
    sides.kill_copy()
    sides.record_path().write_text(json.dumps({**sides.record(), lost: "another"}))
    with sides.partial(path).open("r+b") as file:
        file.write(b"not of this file")

    sides.copy(path)

    assert (sides.ended().digest, digest(sides.destination(path))) == (digest(path),) * 2


def test_a_copy_whose_record_is_damaged_begins_anew(sides: Sides) -> None:
    path = sides.made(8 * MIB)
    begun(sides, path)
    sides.kill_copy()
    sides.record_path().write_bytes(bytes(300))

    assert sides.work().state is WorkState.LOST
    sides.copy(path)

    assert sides.ended().digest == digest(path)


def test_a_limit_is_followed_and_changed_while_a_copy_runs(sides: Sides) -> None:
    path = sides.made(64 * MIB)
    began = time.monotonic()
    sides.copy(path, limit_bytes_per_s=SLOW)
    slow = until(sides.work, lambda work: work.bytes_sent > 2 * SLOW)
    slow_s = time.monotonic() - began

    assert sides.target.start_works(TAG, [], limit_bytes_per_s=0) == ()
    changed = time.monotonic()
    done = sides.ended()

    assert slow.bytes_sent / slow_s < 1.3 * SLOW
    assert (how(done), done.digest) == (DONE, digest(path))
    assert time.monotonic() - changed < 10  # at the limit it would take three more


def test_the_copies_of_a_job_share_its_limit(sides: Sides) -> None:
    paths = [sides.made(8 * MIB, name) for name in ("a", "b")]
    order = [sides.order(path, f"copy-{path.name}") for path in paths]
    for one in order:  # each in a process of its own
        sides.target.start_works(TAG, [one], limit_bytes_per_s=SLOW)
    began, before = time.monotonic(), sum(work.bytes_sent for work in sides.target.works(TAG))

    after = until(lambda: sides.target.works(TAG), lambda works: time.monotonic() - began > 2.5)

    sent = sum(work.bytes_sent for work in after) - before
    assert all(work.bytes_sent for work in after)
    assert sent / (time.monotonic() - began) < 1.5 * SLOW


def test_a_file_that_is_there_is_never_written_over_and_nothing_is_begun(sides: Sides) -> None:
    free, taken = sides.made(5000, "free"), sides.made(5000, "taken")
    sides.destination(taken).parent.mkdir()
    sides.destination(taken).write_bytes(b"somebody else's")

    with pytest.raises(AlreadyExists, match="taken exists"):
        sides.target.start_works(TAG, [sides.order(free, "copy-1"), sides.order(taken, "copy-2")])

    assert sides.target.works(TAG) == ()
    assert not sides.destination(free).exists()


def test_a_file_that_came_meanwhile_fails_the_copy_and_stays(sides: Sides) -> None:
    path = sides.made(8 * MIB)
    begun(sides, path)
    sides.destination(path).write_bytes(b"somebody else's")

    failed = sides.ended()
    with pytest.raises(AlreadyExists):
        sides.copy(path)

    assert how(failed) == (WorkState.FAILED, "AlreadyExists")
    assert sides.destination(path).read_bytes() == b"somebody else's"


@pytest.mark.parametrize("is_linked", [False, True], ids=["renamed", "between the two names"])
def test_a_copy_that_lacks_only_its_last_line_is_ended_and_not_sent_again(sides: Sides, is_linked: bool) -> None:
    path = sides.made(5000)
    sides.copy(path)
    done = sides.ended()
    sides.record_path().write_text(json.dumps({**sides.record(), "state": "running", "is_finishing": True}))
    if is_linked:
        sides.partial(path).hardlink_to(sides.destination(path))

    sides.copy(path)

    assert sides.ended() == done
    assert not sides.partial(path).exists()


def test_a_full_disk_is_not_enough_space_and_the_copy_goes_on_when_there_is_some(sides: Sides, small: Path) -> None:
    path = sides.made(8 * MIB)
    small.joinpath("ballast").write_bytes(bytes(6 * MIB))

    sides.copy(path)
    failed = sides.ended()
    small.joinpath("ballast").unlink()
    sides.copy(path)

    assert how(failed) == (WorkState.FAILED, "NotEnoughSpace")
    assert how(sides.ended()) == DONE
    assert digest(sides.destination(path)) == digest(path)


@pytest.fixture
def small(sides: Sides) -> Iterator[Path]:
    """The target's folder on a file system of ten megabytes."""
    place = sides.folder / "target"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={10 * MIB}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root mounts a small file system")
    yield place
    sides.target.clear_traces(TAG, destinations=None, used=[], kept_folders=[])
    subprocess.run(["umount", str(place)], check=True)


def test_an_order_that_is_none_is_refused(sides: Sides) -> None:
    for order in (HashOrder("../hash", "/etc/hostname"), HashOrder("Hash", "/etc/hostname")):
        with pytest.raises(Refused):
            sides.source.start_works(TAG, [order])
    with pytest.raises(Refused):
        sides.source.works("../ferry-71")


def test_a_hash_of_a_file_that_is_gone_fails_and_begins_again(sides: Sides) -> None:
    path = sides.made(5000)
    path.rename(path.with_suffix(".away"))
    failed = sides.hashed(path)
    path.with_suffix(".away").rename(path)

    assert how(failed) == (WorkState.FAILED, "NotFound")
    assert sides.hashed(path).digest == digest(path)


def test_works_outlive_the_channel_that_began_them(both_ways: Sides) -> None:
    path = both_ways.made(6 * MIB)
    begun(both_ways, path)

    both_ways.target.close()
    both_ways.source.close()

    assert how(both_ways.ended()) == DONE
    assert digest(both_ways.destination(path)) == digest(path)
