"""Works that share a process, the limit that all copies of a job share, and what is sent of a file and what is not."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from lab.hyperv.pace import CHUNK_BYTES, Pace, write_limit
from lab.hyperv.workrecord import COPY_FILE, WorkRecord, records, write_record
from tests.lab.support import TAG, HostInside, eventually, order

Hosts = dict[str, HostInside]
MB = 1 << 20


def write(hosts: Hosts, name: str, size_bytes: int) -> bytes:
    content = os.urandom(size_bytes)
    hosts["HV01"].control.real(f"D:\\{name}").write_bytes(content)
    return content


def begin(hosts: Hosts, *names: str, limit: int = 0, lanes: int = 1) -> None:
    """Begin to pull these files, shared out over so many processes."""
    target = hosts["HV02"]
    orders = [
        target.copy_order(name, hosts["HV01"], f"D:\\{name}", f"D:\\In\\{name}", lane=number % lanes)
        for number, name in enumerate(names)
    ]
    target.begin(*orders, limit=limit)


def arrived(hosts: Hosts, name: str) -> Path:
    return hosts["HV02"].control.real(f"D:\\In\\{name}")


def partial(hosts: Hosts, name: str) -> Path:
    return hosts["HV02"].control.real(f"D:\\In\\{name}.{TAG}")


def done(hosts: Hosts, name: str) -> int:
    return int(hosts["HV02"].work(name)["bytes_done"])


def test_files_of_a_lane_arrive_by_one_process_each_with_its_digest(hosts: Hosts) -> None:
    contents = {name: write(hosts, name, MB) for name in ("a", "b", "c")}

    begin(hosts, *contents)
    ends = {name: hosts["HV02"].end_of(name) for name in contents}

    assert len({record.process_id for record in records(hosts["HV02"].folder, TAG)}) == 1
    assert {name: end["digest"] for name, end in ends.items()} == {
        name: hashlib.sha256(content).hexdigest() for name, content in contents.items()
    }
    assert {name: arrived(hosts, name).read_bytes() for name in contents} == contents


def test_copies_and_hashes_never_share_a_process(hosts: Hosts) -> None:
    write(hosts, "a", MB)
    copy = hosts["HV01"].copy_order("copy-a", hosts["HV01"], "D:\\a", "D:\\In\\a")

    hosts["HV01"].begin(copy, order("hash-a", "hash-file", {"Path": "D:\\a"}))

    assert len({record.process_id for record in records(hosts["HV01"].folder, TAG)}) == 2
    assert [hosts["HV01"].end_of(name)["state"] for name in ("copy-a", "hash-a")] == ["done"] * 2


def test_a_process_that_dies_loses_what_it_has_not_done_and_only_that(hosts: Hosts) -> None:
    for name, size_bytes in (("a", 1000), ("b", 8 * MB), ("c", 1000)):
        write(hosts, name, size_bytes)
    begin(hosts, "a", "b", "c", limit=2 * MB)
    eventually(lambda: done(hosts, "b") > 0)

    hosts["HV02"].control.kill_works(TAG)
    states = [hosts["HV02"].work(name)["state"] for name in ("a", "b", "c")]
    begin(hosts, "a", "b", "c")

    assert states == ["done", "lost", "lost"]
    assert [hosts["HV02"].end_of(name)["state"] for name in ("a", "b", "c")] == ["done"] * 3


def test_a_file_that_fails_does_not_keep_the_next_one_of_its_lane(hosts: Hosts) -> None:
    write(hosts, "b", MB)

    begin(hosts, "not-there", "b")

    assert hosts["HV02"].end_of("not-there")["error_kind"] == "NotFound"
    assert hosts["HV02"].end_of("b")["state"] == "done"


@pytest.mark.parametrize("times", [1, 3])
def test_a_copy_that_was_killed_goes_on_at_its_offset(hosts: Hosts, times: int) -> None:
    content = write(hosts, "a", 12 * MB)
    begin(hosts, "a", limit=8 * MB)
    for number in range(times):
        await_size(partial(hosts, "a"), 2 * MB * (number + 1))
        hosts["HV02"].control.kill_works(TAG)
        kept, sent = partial(hosts, "a").stat().st_size, hosts["HV02"].work("a")["bytes_sent"]
        begin(hosts, "a", limit=8 * MB)
    end = hosts["HV02"].end_of("a")

    assert end["digest"] == hashlib.sha256(content).hexdigest()
    assert end["bytes_sent"] - sent == len(content) - kept
    assert end["bytes_sent"] <= len(content) + times * CHUNK_BYTES


def await_size(file: Path, at_least: int) -> None:
    eventually(lambda: file.exists() and file.stat().st_size >= at_least)


@pytest.mark.parametrize(
    ("size_bytes", "places"),
    [(64 * MB, (0, 20 * MB)), (64 * MB, (63 * MB,)), (9 * MB, ()), (3 * MB + 5, (MB,))],
    ids=["ends in a hole", "begins with one", "nothing but a hole", "an odd end"],
)
def test_holes_are_not_sent_and_arrive_as_zeros(hosts: Hosts, size_bytes: int, places: tuple[int, ...]) -> None:
    source = hosts["HV01"].control.real("D:\\a")
    with source.open("wb") as file:
        file.truncate(size_bytes)
        for place in places:
            os.pwrite(file.fileno(), os.urandom(MB), place)

    begin(hosts, "a")
    end = hosts["HV02"].end_of("a")

    assert (end["state"], end["bytes_done"], end["bytes_sent"]) == ("done", size_bytes, len(places) * MB)
    assert end["digest"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert arrived(hosts, "a").read_bytes() == source.read_bytes()
    assert arrived(hosts, "a").stat().st_blocks * 512 >= size_bytes


def test_two_disks_travel_beside_each_other_and_no_faster_than_the_limit(hosts: Hosts) -> None:
    write(hosts, "a", 2 * MB)
    write(hosts, "b", 2 * MB)
    began = time.monotonic()

    begin(hosts, "a", "b", limit=MB, lanes=2)
    eventually(lambda: 0 < done(hosts, "a") < 2 * MB and 0 < done(hosts, "b") < 2 * MB)
    ends = [hosts["HV02"].end_of(name)["state"] for name in ("a", "b")]

    assert ends == ["done", "done"]
    assert time.monotonic() - began > 3.0


def test_a_limit_can_be_taken_from_copies_that_run(hosts: Hosts) -> None:
    write(hosts, "a", 4 * MB)
    begin(hosts, "a", limit=20_000)
    eventually(lambda: done(hosts, "a") > 0)

    hosts["HV02"].begin(limit=0)

    assert hosts["HV02"].end_of("a")["state"] == "done"


def test_the_limit_is_shared_by_the_processes_that_copy_now(tmp_path: Path) -> None:
    write_limit(tmp_path, 8 * MB)
    ours, other = copying(1), copying(2)
    write_record(tmp_path / "a.json", ours)
    write_record(tmp_path / "b.json", ours)
    write_record(tmp_path / "c.json", other)
    pace = Pace(tmp_path)

    assert pace.wait(100 * MB) == MB
    write_record(tmp_path / "c.json", replace(other, state="done"))
    eventually(lambda: pace.wait(100 * MB) == 2 * MB)
    write_limit(tmp_path, 4 * MB)
    eventually(lambda: pace.wait(100 * MB) == MB)
    write_limit(tmp_path, 0)
    eventually(lambda: pace.wait(100 * MB) == 100 * MB)


def copying(process_id: int) -> WorkRecord:
    return WorkRecord("a", COPY_FILE, "running", "", None, "", process_id, 0)
