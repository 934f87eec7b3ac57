"""What a host deletes for a job: its own files only, none that is in use, and the folders left empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from hosts.providers.errors import WrongState
from hosts.providers.libvirt.host_calls import HostCalls
from tests.providers.libvirt.sides import MIB, Sides
from tests.providers.libvirt.test_host_side_copy import begun
from tests.providers.pair import TAG


def clear(calls: HostCalls, destinations: list[str] | None, used: list[str] | None = None) -> None:
    calls.clear_traces(TAG, destinations=destinations, used=used or [], kept_folders=[])


@pytest.fixture
def copied(sides: Sides) -> Path:
    """The destination of a copy that is done, in a folder that the copy made."""
    path = sides.made(5000)
    sides.copy(path)
    sides.ended()
    return sides.destination(path)


def test_clearing_ends_works_and_leaves_neither_files_nor_folders_nor_records(both_ways: Sides) -> None:
    path = both_ways.made(8 * MIB)
    begun(both_ways, path)

    for _ in range(2):
        clear(both_ways.target, [])

    assert both_ways.target.works(TAG) == ()
    assert not both_ways.destination(path).parent.exists()
    assert not (both_ways.folder / "target-root" / TAG).exists()
    assert path.exists()


def test_clearing_deletes_what_the_job_has_copied(sides: Sides, copied: Path) -> None:
    clear(sides.target, [])

    assert not copied.parent.exists()


def test_clearing_can_keep_the_files(sides: Sides, copied: Path) -> None:
    clear(sides.target, None)

    assert copied.exists()
    assert sides.target.works(TAG) == ()


def test_a_strangers_file_at_a_destination_stays_and_the_unfinished_one_goes(sides: Sides) -> None:
    path = sides.made(8 * MIB)
    begun(sides, path)
    destination, partial = sides.destination(path), sides.partial(path)
    destination.write_bytes(b"somebody else's")
    sides.ended()

    clear(sides.target, [str(destination)])

    assert (destination.read_bytes(), partial.exists()) == (b"somebody else's", False)


def test_an_unfinished_file_of_which_no_record_tells_is_cleared_by_its_destination(sides: Sides) -> None:
    destination = sides.made(5000)
    Path(f"{destination}.{TAG}").write_bytes(b"half a file")

    clear(sides.target, [str(destination)])

    assert [path.name for path in destination.parent.iterdir()] == [destination.name]


def test_nothing_is_cleared_that_a_vm_here_uses_under_whatever_name(sides: Sides, copied: Path) -> None:
    other_name = copied.with_name("other")
    other_name.symlink_to(copied)

    with pytest.raises(WrongState, match="nothing was deleted"):
        clear(sides.target, [], used=[str(other_name)])

    assert copied.exists()


def test_deleted_files_are_gone_with_their_folder_and_deleting_again_is_nothing(both_ways: Sides) -> None:
    paths = [str(both_ways.made(10, name)) for name in ("a", "b\n'c'")]

    for _ in range(2):
        assert both_ways.source.delete_files(TAG, paths, used=[], kept_folders=[]) == ()

    assert not Path(paths[0]).parent.exists()


def test_a_kept_folder_stays_though_it_is_empty(sides: Sides) -> None:
    path = sides.made(10)

    sides.source.delete_files(TAG, [str(path)], used=[], kept_folders=[f"{path.parent}/"])

    assert list(path.parent.iterdir()) == []


def test_a_file_that_a_process_has_open_is_in_use_and_stays(sides: Sides) -> None:
    held, free = sides.made(10, "held"), sides.made(10, "free")

    with held.open("rb"):
        assert sides.source.delete_files(TAG, [str(held), str(free)], used=[], kept_folders=[]) == (str(held),)
        assert (held.exists(), free.exists()) == (True, False)

    assert sides.source.delete_files(TAG, [str(held)], used=[], kept_folders=[]) == ()


def test_a_file_that_the_jobs_own_server_has_open_is_not_in_use(sides: Sides) -> None:
    path = sides.made(24 * MIB)
    begun(sides, path)

    assert sides.source.delete_files(TAG, [str(path)], used=[], kept_folders=[]) == ()


def test_a_file_that_a_vm_uses_is_not_deleted(sides: Sides) -> None:
    used, free = sides.made(10, "used"), sides.made(10, "free")

    with pytest.raises(WrongState, match="used; nothing was deleted"):
        sides.source.delete_files(TAG, [str(free), str(used)], used=[str(used)], kept_folders=[])

    assert used.exists()
    assert free.exists()
