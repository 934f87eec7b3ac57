"""What a host's own side tells of files, folders and disks, asked through a local process and through SSH."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from hosts.providers.errors import AlreadyExists, NotFound, Refused
from tests.providers.libvirt.sides import MIB, Sides
from tests.providers.pair import TAG

needs_qemu_img = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-img is not installed")
ODD_NAMES = ["two words", 'it\'s "quoted"', "line\nbreak", "Zürich 東京", "-f", "$(id) %41 #?", "\udcff"]


def test_a_host_says_who_it_is(both_ways: Sides) -> None:
    hello = both_ways.source.hello()

    assert (hello.host_name, hello.uid) == (socket.gethostname(), os.geteuid())
    assert hello.has_qemu_img == (shutil.which("qemu-img") is not None)
    assert hello.python_version.startswith("3.")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_of_any_name_is_found(sides: Sides, name: str) -> None:
    path = sides.made(5000, name)

    found = sides.source.stat([str(path), str(path) + ".gone"])

    assert list(found) == [str(path)]
    assert (found[str(path)].size_bytes, found[str(path)].is_folder) == (5000, False)


def test_a_stamp_changes_when_the_file_is_written_and_not_when_it_gets_another_mode(both_ways: Sides) -> None:
    path = both_ways.made(5000)
    before = both_ways.source.stat([str(path)])[str(path)]

    path.chmod(0o640)
    labelled = both_ways.source.stat([str(path)])[str(path)]
    with path.open("r+b") as file:
        file.write(b"x")
    written = both_ways.source.stat([str(path)])[str(path)]

    assert labelled.stamp == before.stamp != written.stamp
    assert labelled.changed_ns != before.changed_ns


@needs_qemu_img
def test_a_chain_is_told_from_the_base_up(both_ways: Sides, tmp_path: Path) -> None:
    base, top = str(tmp_path / "base, 1.raw"), str(tmp_path / "top.qcow2")
    subprocess.run(["qemu-img", "create", "-q", "-f", "raw", base, "8M"], check=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", top], check=True)

    layers = both_ways.source.chain(top, "qcow2")

    assert [(layer.path, layer.format, layer.backing_path) for layer in layers] == [
        (base, "raw", None),
        (top, "qcow2", base),
    ]
    assert [layer.virtual_size_bytes for layer in layers] == [8 * MIB] * 2
    assert layers[0].allocated_bytes < layers[0].size_bytes == 8 * MIB
    assert layers[1].stamp == both_ways.source.stat([top])[top].stamp


@needs_qemu_img
def test_a_raw_disk_in_which_a_guest_wrote_another_format_is_a_raw_disk(sides: Sides, tmp_path: Path) -> None:
    disk = tmp_path / "disk.raw"
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", "/etc/shadow", "-F", "raw", str(disk), "8M"], check=True
    )

    assert [layer.format for layer in sides.source.chain(str(disk), "raw")] == ["raw"]


@needs_qemu_img
def test_the_chain_of_a_disk_that_is_gone_or_damaged_is_refused(sides: Sides) -> None:
    path = sides.made(5000)

    with pytest.raises(NotFound):
        sides.source.chain(str(path) + ".gone", "qcow2")
    with pytest.raises(Refused, match="qcow2"):
        sides.source.chain(str(path), "qcow2")


def test_the_file_system_of_a_folder_that_is_not_there_yet_is_that_of_its_parent(both_ways: Sides) -> None:
    there, later = both_ways.source.file_systems([str(both_ways.folder), str(both_ways.folder / "a" / "b")])

    space = os.statvfs(both_ways.folder)
    assert (there.mount_point, later.mount_point) == (there.mount_point,) * 2
    assert later.folder == str(both_ways.folder / "a" / "b")
    assert there.size_bytes == space.f_blocks * space.f_frsize
    assert 0 < there.free_bytes <= there.size_bytes


def test_all_real_file_systems_are_listed_once(sides: Sides) -> None:
    found = sides.source.file_systems()

    places = [each.mount_point for each in found]
    assert "/" in places
    assert len(places) == len(set(places)) == len({Path(place).stat().st_dev for place in places})
    assert not {each.kind for each in found} & {"proc", "sysfs", "devtmpfs", "cgroup2"}


def test_a_folder_is_listed(both_ways: Sides) -> None:
    for name in ("vm 2", "vm 1"):
        (both_ways.folder / name).mkdir()
    (both_ways.folder / "disk.raw").touch()

    listing = both_ways.source.list_folder(f"{both_ways.folder}/")

    assert (listing.path, listing.parent) == (str(both_ways.folder), str(both_ways.folder.parent))
    assert [name for name in listing.folders if name.startswith("vm")] == ["vm 1", "vm 2"]
    assert "disk.raw" in listing.files
    assert listing.is_whole
    with pytest.raises(NotFound, match="gone"):
        both_ways.source.list_folder(str(both_ways.folder / "gone"))


def test_a_small_file_is_written_for_its_owner_only_and_read_again(both_ways: Sides) -> None:
    path = both_ways.folder / "new" / "vm.xml"

    for _ in range(2):
        both_ways.source.write_file(str(path), "<domain name='Zürich'/>\n")

    texts = both_ways.source.read_files([str(path), "/proc/loadavg", "/nothing"])
    assert texts[str(path)] == "<domain name='Zürich'/>\n"
    assert texts["/proc/loadavg"]
    assert texts["/nothing"] is None
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_with_another_text_is_written_over_only_when_it_may_be(sides: Sides) -> None:
    path = sides.folder / "vm.xml"
    path.write_text("somebody's")

    with pytest.raises(AlreadyExists):
        sides.source.write_file(str(path), "ours")
    assert path.read_text() == "somebody's"

    sides.source.write_file(str(path), "ours", may_replace=True)
    assert path.read_text() == "ours"


@needs_qemu_img
def test_a_disk_is_made_once_and_cleared_with_its_job(both_ways: Sides) -> None:
    path = both_ways.folder / "pool" / "disk.qcow2"

    for _ in range(2):
        both_ways.target.create_disk(TAG, str(path), "qcow2", 8 * MIB)
    (layer,) = both_ways.target.chain(str(path), "qcow2")
    assert (layer.virtual_size_bytes, both_ways.target.works(TAG)) == (8 * MIB, ())

    both_ways.target.clear_traces(TAG, destinations=[], used=[], kept_folders=[])
    assert not path.parent.exists()


@needs_qemu_img
def test_a_disk_is_not_made_over_somebody_elses(sides: Sides) -> None:
    path = sides.made(5000)

    with pytest.raises(AlreadyExists):
        sides.target.create_disk(TAG, str(path), "qcow2", 8 * MIB)
    sides.target.clear_traces(TAG, destinations=[str(path)], used=[], kept_folders=[])

    assert path.stat().st_size == 5000
