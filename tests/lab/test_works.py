"""Detached works: pulled whole and hashed, taken up where they stopped, and failed with the right kind."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from lab.hyperv.refusal import Refused
from lab.hyperv.workrecord import records, work_folder
from lab.hyperv.works import Works
from tests.lab.support import TAG, HostInside, ScriptFailed, eventually, layer_paths, order

Hosts = dict[str, HostInside]
SOURCE = "D:\\big.bin"
TARGET = "D:\\In\\big.bin"
BIG_BYTES = 9 << 20


@pytest.fixture
def big(hosts: Hosts) -> bytes:
    """The content of a file on HV01."""
    content = os.urandom(BIG_BYTES)
    hosts["HV01"].control.real(SOURCE).write_bytes(content)
    return content


def target_file(hosts: Hosts) -> Path:
    return hosts["HV02"].control.real(TARGET)


def test_a_copy_arrives_whole_with_its_digest(hosts: Hosts, big: bytes) -> None:
    begun = hosts["HV02"].copy("disk-0", hosts["HV01"], SOURCE, TARGET)
    end = hosts["HV02"].end_of("disk-0")

    assert begun["state"] == "running"
    assert (end["state"], end["bytes_done"], end["bytes_total"]) == ("done", BIG_BYTES, BIG_BYTES)
    assert end["digest"] == hashlib.sha256(big).hexdigest()
    assert target_file(hosts).read_bytes() == big


def test_a_done_copy_is_found_again_and_not_repeated(hosts: Hosts, big: bytes) -> None:
    hosts["HV02"].copy("disk-0", hosts["HV01"], SOURCE, TARGET)
    end = hosts["HV02"].end_of("disk-0")

    assert hosts["HV02"].copy("disk-0", hosts["HV01"], SOURCE, TARGET) == end


def test_a_stopped_copy_goes_on_where_it_was(hosts: Hosts, big: bytes) -> None:
    target = hosts["HV02"]
    partial = target_file(hosts).with_name(f"big.bin.{TAG}")
    target.copy("disk-0", hosts["HV01"], SOURCE, TARGET, limit=4 << 20)
    eventually(lambda: partial.exists() and partial.stat().st_size > 1 << 20)

    target.control.kill_works(TAG)
    kept = partial.stat().st_size
    lost = target.work("disk-0")
    target.copy("disk-0", hosts["HV01"], SOURCE, TARGET)
    end = target.end_of("disk-0")

    assert 0 < kept < BIG_BYTES
    assert lost["state"] == "lost"
    assert (end["state"], end["digest"]) == ("done", hashlib.sha256(big).hexdigest())
    assert target_file(hosts).read_bytes() == big


def test_a_byte_spoilt_on_the_way_shows_in_the_digest(hosts: Hosts, big: bytes) -> None:
    hosts["HV02"].control.corrupt_copy(offset=5_000_000)

    hosts["HV02"].copy("disk-0", hosts["HV01"], SOURCE, TARGET)
    end = hosts["HV02"].end_of("disk-0")

    spoilt = bytearray(big)
    spoilt[5_000_000] ^= 0xFF
    assert end["digest"] == hashlib.sha256(spoilt).hexdigest()
    assert target_file(hosts).read_bytes() == bytes(spoilt)


def test_a_full_volume_fails_the_copy_and_room_lets_it_go_on(hosts: Hosts, big: bytes) -> None:
    target = hosts["HV02"]
    target.control.fill("D:")
    target.copy("disk-0", hosts["HV01"], SOURCE, TARGET)
    full = target.end_of("disk-0")

    target.control.free("D:")
    target.copy("disk-0", hosts["HV01"], SOURCE, TARGET)

    assert (full["state"], full["error_kind"]) == ("failed", "NotEnoughSpace")
    assert target.end_of("disk-0")["state"] == "done"


def test_a_copy_never_overwrites_what_is_not_its_own(hosts: Hosts, big: bytes) -> None:
    target_file(hosts).parent.mkdir()
    target_file(hosts).write_bytes(b"somebody's")

    with pytest.raises(ScriptFailed) as failed:
        hosts["HV02"].copy("disk-0", hosts["HV01"], SOURCE, TARGET)

    assert failed.value.kind == "AlreadyExists"
    assert target_file(hosts).read_bytes() == b"somebody's"


def test_a_refusal_can_be_ordered_in_the_middle_of_a_copy(hosts: Hosts, big: bytes) -> None:
    hosts["HV02"].control.fail_copy("HostUnreachable", "The cable is out.", at_bytes=5 << 20)

    hosts["HV02"].copy("disk-0", hosts["HV01"], SOURCE, TARGET)
    end = hosts["HV02"].end_of("disk-0")

    assert (end["state"], end["error_kind"], end["error"]) == ("failed", "HostUnreachable", "The cable is out.")
    assert end["bytes_done"] > 0


def test_a_slow_copy_is_slow(hosts: Hosts, big: bytes) -> None:
    hosts["HV02"].control.slow_copy(1 << 20)

    hosts["HV02"].copy("disk-0", hosts["HV01"], SOURCE, TARGET)
    eventually(lambda: hosts["HV02"].work("disk-0")["bytes_done"] > 0)

    assert hosts["HV02"].work("disk-0")["bytes_done"] < 4 << 20
    assert hosts["HV02"].work("disk-0")["bytes_total"] == BIG_BYTES


def test_the_disk_that_a_running_vm_writes_cannot_be_copied(hosts: Hosts) -> None:
    path = layer_paths(hosts["HV01"].vm("WEB01"))[0]

    hosts["HV02"].copy("disk-0", hosts["HV01"], path, TARGET)
    end = hosts["HV02"].end_of("disk-0")

    assert (end["state"], end["error_kind"]) == ("failed", "WrongState")


def test_a_file_is_hashed_where_it_lies(hosts: Hosts, big: bytes) -> None:
    hosts["HV01"].begin(order("hash-0", "hash-file", {"Path": SOURCE}))

    assert hosts["HV01"].end_of("hash-0")["digest"] == hashlib.sha256(big).hexdigest()


def test_many_works_are_begun_by_one_call_and_answered_in_its_order(hosts: Hosts, big: bytes) -> None:
    names = [f"hash-{number}" for number in (3, 1, 2)]

    begun = hosts["HV01"].begin(*(order(name, "hash-file", {"Path": SOURCE}) for name in names))
    ends = [hosts["HV01"].end_of(name) for name in names]

    assert [work["work_id"] for work in begun] == names
    assert [work["work_id"] for work in hosts["HV01"].run("list-works", Tag=TAG)["works"]] == names
    assert {end["digest"] for end in ends} == {hashlib.sha256(big).hexdigest()}


@pytest.mark.parametrize(("work_id", "kind"), [("../x", "hash-file"), ("x", "format-disk")])
def test_an_order_with_a_strange_id_or_kind_is_refused(host: HostInside, work_id: str, kind: str) -> None:
    with pytest.raises(ScriptFailed) as failed:
        host.run("start-works", Tag=TAG, Scripts={}, Orders=[order(work_id, kind, {"Path": SOURCE})], LimitBytesPerS=0)

    assert failed.value.kind == "Refused"


def test_clearing_takes_copies_partials_records_and_folders_away(hosts: Hosts, big: bytes) -> None:
    target = hosts["HV02"]
    target.copy("disk-0", hosts["HV01"], SOURCE, TARGET)
    target.end_of("disk-0")
    target.copy("disk-1", hosts["HV01"], SOURCE, "D:\\In\\other.bin", limit=1 << 20)
    eventually(lambda: len(target.control.traces(TAG)) >= 6)

    target.clear()

    assert target.control.traces(TAG) == []
    assert not target_file(hosts).parent.exists()


def test_clearing_can_keep_the_files(hosts: Hosts, big: bytes) -> None:
    hosts["HV02"].copy("disk-0", hosts["HV01"], SOURCE, TARGET)
    hosts["HV02"].end_of("disk-0")

    hosts["HV02"].run("clear-traces", Tag=TAG, KeepFiles=True, Destinations=[])

    assert target_file(hosts).read_bytes() == big
    assert hosts["HV02"].control.traces(TAG) == []


@pytest.fixture
def cut_off(hosts: Hosts, big: bytes) -> Path:
    """The partial of a copy that was cut off between writing that it is finishing, and its rename."""
    target = hosts["HV02"]
    target.copy("disk-0", hosts["HV01"], SOURCE, TARGET)
    target.end_of("disk-0")
    set_record(target, state="failed", is_finishing=True)
    return target_file(hosts).rename(target_file(hosts).with_name(f"big.bin.{TAG}"))


def set_record(host: HostInside, **fields: object) -> None:
    """Change what the record of disk-0 says."""
    (record,) = records(host.folder, TAG)
    record_file(host).write_text(json.dumps(asdict(record) | fields))


def record_file(host: HostInside) -> Path:
    return host.control.real(f"{work_folder(TAG)}\\disk-0.json")


def test_a_copy_that_was_cut_off_after_its_rename_knows_its_file(hosts: Hosts, cut_off: Path) -> None:
    cut_off.rename(target_file(hosts))

    hosts["HV02"].copy("disk-0", hosts["HV01"], SOURCE, TARGET)
    end = hosts["HV02"].end_of("disk-0")
    hosts["HV02"].clear()

    assert (end["state"], end["bytes_done"]) == ("done", BIG_BYTES)
    assert not target_file(hosts).exists()


def test_a_file_that_came_before_the_rename_is_neither_ours_nor_resumed_on(hosts: Hosts, cut_off: Path) -> None:
    target_file(hosts).write_bytes(b"somebody's")

    with pytest.raises(ScriptFailed) as failed:
        hosts["HV02"].copy("disk-0", hosts["HV01"], SOURCE, TARGET)
    hosts["HV02"].clear()

    assert failed.value.kind == "AlreadyExists"
    assert target_file(hosts).read_bytes() == b"somebody's"
    assert not cut_off.exists()


def test_a_clearing_that_had_to_stop_half_way_does_not_take_a_strangers_file(hosts: Hosts, cut_off: Path) -> None:
    target_file(hosts).write_bytes(b"somebody's")
    held = target_file(hosts).with_name(f"held.bin.{TAG}")
    with held.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        with pytest.raises(Refused, match="still in use"):
            Works(hosts["HV02"].machine, held_for_s=0.0).clear(TAG, destinations=["D:\\In\\held.bin"])
    was_left = cut_off.exists()

    hosts["HV02"].clear("D:\\In\\held.bin")

    assert (was_left, held.exists()) == (False, False)
    assert target_file(hosts).read_bytes() == b"somebody's"


@pytest.mark.parametrize("content", [b"", bytes(300), b"[1]", b'{"work_id": "disk', b'{"state": "done"}', b"null"])
def test_a_record_that_cannot_be_read_is_a_lost_work(hosts: Hosts, cut_off: Path, content: bytes) -> None:
    target = hosts["HV02"]
    record_file(target).write_bytes(content)

    lost = target.work("disk-0")
    target.copy("disk-0", hosts["HV01"], SOURCE, TARGET)
    again = target.end_of("disk-0")

    assert (lost["state"], lost["bytes_done"]) == ("lost", 0)
    assert (again["state"], again["bytes_done"]) == ("done", BIG_BYTES)


def test_what_a_lost_record_does_not_tell_is_cleared_by_name_but_no_finished_file(hosts: Hosts, cut_off: Path) -> None:
    target_file(hosts).write_bytes(b"who knows whose")
    record_file(hosts["HV02"]).write_bytes(b"")

    hosts["HV02"].clear(TARGET)

    assert not cut_off.exists()
    assert target_file(hosts).exists()
    assert not record_file(hosts["HV02"]).exists()


def test_no_password_is_on_a_disk_or_a_command_line(hosts: Hosts, big: bytes) -> None:
    hosts["HV02"].copy("disk-0", hosts["HV01"], SOURCE, TARGET, limit=2 << 20)
    lab = hosts["HV02"].folder.lab_root
    password = (lab / "credentials.json").read_text().split('"')[-2].encode()
    (record,) = records(hosts["HV02"].folder, TAG)

    files = [path for path in lab.rglob("*") if path.is_file() and path.name not in ("credentials.json", "big.bin")]

    assert password not in Path(f"/proc/{record.process_id}/cmdline").read_bytes()
    assert [path for path in files if password in path.read_bytes()] == []
