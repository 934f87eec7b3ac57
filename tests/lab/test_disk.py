"""A disk of layers reads back what was written to it, whatever is checkpointed or merged meanwhile."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lab.hyperv.chain import Chain, MergeStopped, chain_files
from lab.hyperv.disk import BLOCK_BYTES, create_child, create_dynamic, create_fixed, read_header
from lab.hyperv.paths import DriveFolders
from lab.hyperv.refusal import Refused

SIZE = 6 * BLOCK_BYTES
NEVER = threading.Event()


class Disk:
    """A disk in a host's folder, opened for writing."""

    def __init__(self, root: Path) -> None:
        self.drives = DriveFolders(root)
        (root / "D").mkdir()
        self.base = root / "D" / "base.vhdx"
        create_dynamic(self.base, SIZE)
        self.chain = Chain.open(self.base, self.drives, writable=True)
        self._children = 0

    def checkpoint(self) -> None:
        self._children += 1
        child = self.base.with_name(f"child-{self._children}.avhdx")
        create_child(child, self.chain.top, self.drives.windows(self.chain.top))
        self.chain.push(child)

    def reopen(self) -> None:
        self.chain.close()
        self.chain = Chain.open(self.chain.top, self.drives, writable=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path)
    yield made
    made.chain.close()


class ReadBack(RuleBasedStateMachine):
    """Writes, checkpoints, merges and reopenings against a bytearray."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.disk = Disk(self.root)
        self.model = bytearray(SIZE)

    @rule(offset=st.integers(0, SIZE - 1), length=st.integers(1, 2 * BLOCK_BYTES), fill=st.integers(1, 255))
    def write(self, offset: int, length: int, fill: int) -> None:
        data = bytes([fill]) * min(length, SIZE - offset)
        self.disk.chain.write(offset, data)
        self.model[offset : offset + len(data)] = data

    @rule()
    def checkpoint(self) -> None:
        self.disk.checkpoint()

    @rule(choice=st.integers(0, 100))
    def merge(self, choice: int) -> None:
        layers = self.disk.chain.layers
        self.disk.chain.merge_into(layers[choice % len(layers)].path, NEVER)

    @rule()
    def reopen(self) -> None:
        self.disk.reopen()

    @invariant()
    def reads_back(self) -> None:
        assert self.disk.chain.read(0, SIZE) == bytes(self.model)

    def teardown(self) -> None:
        self.disk.chain.close()
        shutil.rmtree(self.root)


TestReadBack = ReadBack.TestCase
TestReadBack.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)


@given(offset=st.integers(0, SIZE), count=st.integers(1, SIZE))
@settings(max_examples=30, deadline=None)
def test_nothing_is_read_or_written_outside_the_disk(offset: int, count: int) -> None:
    with tempfile.TemporaryDirectory() as root:
        disk = Disk(Path(root))
        if offset + count <= SIZE:
            assert disk.chain.read(offset, count) == bytes(count)
        else:
            with pytest.raises(ValueError, match="outside"):
                disk.chain.write(offset, bytes(count))
        disk.chain.close()


def test_writes_go_on_while_the_written_layer_is_merged_away(disk: Disk) -> None:
    disk.chain.write(0, b"a" * SIZE)
    disk.checkpoint()
    disk.chain.write(0, b"b" * SIZE)
    merging = threading.Thread(target=disk.chain.merge_into, args=(disk.base, NEVER))

    merging.start()
    for offset in range(0, SIZE, 512):
        disk.chain.write(offset, offset.to_bytes(8, "little"))
    merging.join()

    assert all(disk.chain.read(at, 8) == at.to_bytes(8, "little") for at in range(0, SIZE, 512))
    assert [layer.path for layer in disk.chain.layers] == [disk.base]


def test_a_merge_that_was_stopped_leaves_a_whole_disk(disk: Disk) -> None:
    disk.chain.write(0, b"a" * SIZE)
    disk.checkpoint()
    disk.chain.write(100, b"b" * BLOCK_BYTES)
    stop = threading.Event()
    stop.set()
    before = disk.chain.read(0, SIZE)

    with pytest.raises(MergeStopped):
        disk.chain.merge_into(disk.base, stop)
    disk.reopen()

    assert disk.chain.read(0, SIZE) == before
    assert len(disk.chain.layers) == 2


def test_a_checkpoint_freezes_the_file_below_it(disk: Disk) -> None:
    disk.chain.write(0, b"a" * SIZE)
    disk.checkpoint()
    frozen = disk.base.read_bytes()

    disk.chain.write(0, b"b" * SIZE)

    assert disk.base.read_bytes() == frozen


def test_a_moved_disk_finds_its_parent_beside_it(disk: Disk, tmp_path: Path) -> None:
    disk.chain.write(0, b"a" * SIZE)
    disk.checkpoint()
    (tmp_path / "D" / "elsewhere").mkdir()
    for layer in disk.chain.layers:
        shutil.move(layer.path, tmp_path / "D" / "elsewhere" / layer.path.name)

    moved = Chain.open(tmp_path / "D" / "elsewhere" / disk.chain.top.name, disk.drives, writable=False)

    assert moved.read(0, SIZE) == b"a" * SIZE
    moved.close()


def test_a_chain_without_its_parent_is_refused(disk: Disk) -> None:
    disk.checkpoint()
    disk.base.unlink()

    with pytest.raises(Refused, match="is missing"):
        chain_files(disk.chain.top, disk.drives)


def test_a_chain_with_another_disk_as_parent_is_refused(disk: Disk) -> None:
    disk.checkpoint()
    disk.base.unlink()
    create_dynamic(disk.base, SIZE)

    with pytest.raises(Refused, match="do not match"):
        chain_files(disk.chain.top, disk.drives)


def test_a_disk_that_is_written_is_opened_only_once(disk: Disk) -> None:
    with pytest.raises(Refused) as refused:
        Chain.open(disk.base, disk.drives, writable=True)

    assert refused.value.kind == "InUse"


def test_a_merge_waits_for_whoever_reads_the_parent(disk: Disk) -> None:
    disk.checkpoint()
    reader = Chain.open(disk.base, disk.drives, writable=False)
    reader.layers[0].share(exclusive=False)

    with pytest.raises(Refused) as refused:
        disk.chain.merge_into(disk.base, NEVER)

    assert refused.value.kind == "InUse"
    reader.close()


def test_only_a_fixed_disk_has_all_its_bytes_from_the_start(tmp_path: Path) -> None:
    create_dynamic(tmp_path / "dynamic.vhdx", SIZE)
    create_fixed(tmp_path / "fixed.vhdx", SIZE)

    assert (tmp_path / "dynamic.vhdx").stat().st_size < BLOCK_BYTES
    assert (tmp_path / "fixed.vhdx").stat().st_size > SIZE
    assert not read_header(tmp_path / "fixed.vhdx").is_dynamic
