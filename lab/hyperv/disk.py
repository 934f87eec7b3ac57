"""One layer of a virtual disk as a real file: a header, an allocation table, blocks. A layer may have a parent.

The layout is ours, as simple as a differencing image can be: 4096 bytes of JSON header, one 64-bit file offset
for each block (0: the block is the parent's, or zeros), then blocks in the order in which they were first written.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from array import array
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from lab.hyperv.refusal import Refused

HEADER_BYTES = 4096
BLOCK_BYTES = 65536
_ENTRY_BYTES = 8


@dataclass(frozen=True, slots=True)
class LayerHeader:
    """`parent_path` is the Windows path at the time of making, `parent_relative` the same from this file's folder."""

    layer_id: str
    size_bytes: int
    block_bytes: int
    is_dynamic: bool
    parent_id: str | None = None
    parent_path: str | None = None
    parent_relative: str | None = None


class Layer:
    """An open layer. Not thread-safe: a chain serializes the calls."""

    def __init__(self, path: Path, fd: int, header: LayerHeader) -> None:
        self.path = path
        self.header = header
        self._fd = fd
        self._table = _read_table(fd, header)
        self._end = os.fstat(fd).st_size

    @classmethod
    def open(cls, path: Path, *, writable: bool = False) -> Self:
        """Raises Refused: NotFound when there is no file, FileCorrupted when it is none of ours."""
        fd = _open(path, os.O_RDWR if writable else os.O_RDONLY)
        try:
            return cls(path, fd, _read_header(fd, path))
        except Refused:
            os.close(fd)
            raise

    def share(self, *, exclusive: bool) -> None:
        """Take the file as Windows share modes do: one writer, or any number of readers. Raises Refused InUse."""
        try:
            fcntl.flock(self._fd, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise in_use(self.path) from None

    def has(self, block: int) -> bool:
        return self._table[block] != 0

    def allocated(self) -> list[int]:
        """The numbers of the blocks that this layer holds itself."""
        return [block for block, offset in enumerate(self._table) if offset]

    def read(self, block: int, start: int, count: int) -> bytes:
        """Bytes of a block that this layer holds."""
        return os.pread(self._fd, count, self._table[block] + start)

    def write(self, block: int, start: int, data: bytes | memoryview) -> None:
        """Overwrite a part of a block that this layer holds."""
        _write_all(self._fd, data, self._table[block] + start)

    def allocate(self, block: int, content: bytes | bytearray) -> None:
        """Give this layer the block, with its whole content. The table follows the data."""
        offset = self._end
        _write_all(self._fd, content, offset)
        self._end = offset + self.header.block_bytes
        self._table[block] = offset
        _write_all(self._fd, offset.to_bytes(_ENTRY_BYTES, "little"), HEADER_BYTES + block * _ENTRY_BYTES)

    def flush(self) -> None:
        os.fdatasync(self._fd)

    def set_parent(self, parent_id: str | None, parent_path: str | None, parent: Path | None) -> None:
        """Point this layer at another file as its parent."""
        relative = relative_name(self.path, parent) if parent else None
        self.header = replace(self.header, parent_id=parent_id, parent_path=parent_path, parent_relative=relative)
        _write_all(self._fd, _packed(self.header), 0)

    def close(self) -> None:
        os.close(self._fd)


def create_dynamic(path: Path, size_bytes: int) -> None:
    """A new empty image that grows as it is written."""
    _create(path, LayerHeader(str(uuid.uuid4()), size_bytes, BLOCK_BYTES, is_dynamic=True))


def create_fixed(path: Path, size_bytes: int) -> None:
    """A new image that has all its blocks from the start."""
    header = LayerHeader(str(uuid.uuid4()), size_bytes, BLOCK_BYTES, is_dynamic=False)
    _create(path, header)
    first = _table_end(header)
    offsets = array("Q", (first + number * BLOCK_BYTES for number in range(_block_count(header))))
    with path.open("r+b") as file:
        file.seek(HEADER_BYTES)
        file.write(offsets.tobytes())
        file.truncate(first + len(offsets) * BLOCK_BYTES)


def create_child(path: Path, parent: Path, parent_path: str) -> None:
    """A new empty layer on `parent`, whose Windows path is `parent_path`."""
    above = read_header(parent)
    _create(
        path,
        LayerHeader(
            layer_id=str(uuid.uuid4()),
            size_bytes=above.size_bytes,
            block_bytes=above.block_bytes,
            is_dynamic=True,
            parent_id=above.layer_id,
            parent_path=parent_path,
            parent_relative=relative_name(path, parent),
        ),
    )


def read_header(path: Path) -> LayerHeader:
    fd = _open(path, os.O_RDONLY)
    try:
        return _read_header(fd, path)
    finally:
        os.close(fd)


def relative_name(child: Path, parent: Path) -> str:
    """The parent as seen from the child's folder, in Windows notation."""
    return os.path.relpath(parent, child.parent).replace("/", "\\")


def in_use(path: Path) -> Refused:
    return Refused(
        "InUse",
        f"The process cannot access the file '{path.name}' because it is being used by another process.",
        "ResourceUnavailable",
    )


def is_in_use(path: Path) -> bool:
    """True while another process has the file open against a writer."""
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _create(path: Path, header: LayerHeader) -> None:
    try:
        with path.open("xb") as file:
            file.write(_packed(header))
            file.truncate(_table_end(header))
    except FileExistsError:
        raise Refused("AlreadyExists", f"The file '{path.name}' exists.", "ResourceExists") from None


def _open(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        raise Refused("NotFound", f"The virtual hard disk '{path.name}' was not found.", "ObjectNotFound") from None


def _packed(header: LayerHeader) -> bytes:
    return json.dumps(asdict(header)).encode().ljust(HEADER_BYTES)


def _read_header(fd: int, path: Path) -> LayerHeader:
    try:
        return LayerHeader(**json.loads(os.pread(fd, HEADER_BYTES, 0)))
    except (ValueError, TypeError):
        raise Refused("FileCorrupted", f"The file '{path.name}' is not a virtual hard disk.", "InvalidData") from None


def _block_count(header: LayerHeader) -> int:
    return -(-header.size_bytes // header.block_bytes)


def _table_end(header: LayerHeader) -> int:
    return HEADER_BYTES + -(-_block_count(header) * _ENTRY_BYTES // HEADER_BYTES) * HEADER_BYTES


def _read_table(fd: int, header: LayerHeader) -> array[int]:
    table: array[int] = array("Q")
    table.frombytes(os.pread(fd, _block_count(header) * _ENTRY_BYTES, HEADER_BYTES))
    return table


def _write_all(fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
    view = memoryview(data)
    while view:
        count = os.pwrite(fd, view, offset)
        view, offset = view[count:], offset + count
