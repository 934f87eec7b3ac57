"""Which works share a process: few processes in an outage, several streams for large disks, never more than LANES."""

from __future__ import annotations

from hosts.providers.lanes import LANES, LARGE_BYTES, lanes
from hosts.providers.types import CopyOrder, HashOrder, RemoteFile, Secret

GB = 1 << 30


def copy(number: int, size_bytes: int) -> CopyOrder:
    return CopyOrder(f"copy-{number}", RemoteFile("\\\\x\\D$\\a", "u", Secret("p")), f"D:\\{number}", size_bytes)


def test_the_small_files_of_an_outage_share_one_process() -> None:
    assert lanes([copy(number, LARGE_BYTES // 2) for number in range(6)]) == [0] * 6


def test_two_large_disks_travel_beside_each_other() -> None:
    assert lanes([copy(0, 100 * GB), copy(1, 40 * GB), copy(2, 1024)]) == [0, 1, 1]


def test_many_large_disks_fill_the_lanes_evenly() -> None:
    sizes = [9 * GB, *[GB] * 9, 1024]

    chosen = lanes([copy(number, size) for number, size in enumerate(sizes)])

    assert set(chosen) == set(range(LANES))
    assert chosen.count(chosen[0]) == 1


def test_copies_and_hashes_are_shared_out_apart() -> None:
    hashes = [HashOrder(f"hash-{number}", f"D:\\{number}", GB) for number in range(2)]

    assert lanes([copy(0, GB), *hashes, copy(1, GB)]) == [0, 0, 1, 1]


def test_files_of_unknown_size_and_no_files_are_no_trouble() -> None:
    assert lanes([]) == []
    assert lanes([copy(0, 0), copy(1, 0)]) == [0, 0]
