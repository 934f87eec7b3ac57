"""A virtual disk as its guest sees it: layers from the base to the one that is written, copy on write by block."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from lab.hyperv.disk import Layer, read_header
from lab.hyperv.paths import DriveFolders
from lab.hyperv.refusal import Refused


class MergeStopped(Exception):
    """The merge was asked to end before it was done; the chain is whole and the merge may be begun again."""


class Chain:
    """An open disk. Reads and writes are thread-safe, also while a layer is merged away."""

    def __init__(self, layers: list[Layer], drives: DriveFolders) -> None:
        self.layers = layers
        self.size_bytes = layers[0].header.size_bytes
        self._drives = drives
        self._block_bytes = layers[0].header.block_bytes
        self._lock = threading.RLock()
        self._written: set[int] | None = None

    @classmethod
    def open(cls, top: Path, drives: DriveFolders, *, writable: bool) -> Self:
        """Open the disk whose written layer is `top`. Raises Refused for a broken chain, or InUse when `writable`
        and another process has a file of it open against us."""
        layers: list[Layer] = []
        try:
            for path in chain_files(top, drives):
                layers.insert(0, Layer.open(path, writable=writable))
                if writable:
                    layers[0].share(exclusive=path == top)
        except Refused:
            for layer in layers:
                layer.close()
            raise
        return cls(layers, drives)

    @property
    def top(self) -> Path:
        return self.layers[-1].path

    def read(self, offset: int, count: int) -> bytes:
        """The bytes of the disk; what was never written reads as zeros."""
        with self._lock:
            return b"".join(self._read_part(*part) for part in self._parts(offset, count))

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Write through to the top layer; durable after `flush`."""
        view = memoryview(data)
        with self._lock:
            for block, start, count in self._parts(offset, len(view)):
                self._write_part(block, start, view[:count])
                view = view[count:]

    def flush(self) -> None:
        with self._lock:
            top = self.layers[-1]
        top.flush()

    def push(self, child: Path) -> None:
        """Freeze what was written until now: from here on writes go to `child`, a new layer on the top one."""
        with self._lock:
            old = self.layers[-1]
            old.flush()
            new = Layer.open(child, writable=True)
            new.share(exclusive=True)
            old.share(exclusive=False)
            self.layers.append(new)

    def merge_into(self, parent_path: Path, stop: threading.Event) -> None:
        """Fold the layer above `parent_path` into it and delete that layer's file; writes go on meanwhile.

        Raises Refused InUse while somebody reads the parent, MergeStopped when `stop` was set. A crash in
        the middle leaves a whole chain: the parent only holds more of what its child still holds too.
        """
        with self._lock:
            index = self._index(parent_path)
            if index + 1 == len(self.layers):
                return
            parent, child = self.layers[index], self.layers[index + 1]
            parent.share(exclusive=True)
            self._written = set()
        try:
            self._copy_up(parent, child, child.allocated(), stop)
            self._finish_merge(parent, child, stop)
        finally:
            self._written = None
            self._restore_shares(parent)

    def close(self) -> None:
        for layer in self.layers:
            layer.close()

    def _parts(self, offset: int, count: int) -> Iterator[tuple[int, int, int]]:
        if offset < 0 or offset + count > self.size_bytes:
            raise ValueError(f"{count} bytes at {offset} lie outside a disk of {self.size_bytes}")
        while count:
            block, start = divmod(offset, self._block_bytes)
            length = min(count, self._block_bytes - start)
            yield block, start, length
            offset, count = offset + length, count - length

    def _read_part(self, block: int, start: int, count: int) -> bytes:
        for layer in reversed(self.layers):
            if layer.has(block):
                return layer.read(block, start, count)
        return bytes(count)

    def _write_part(self, block: int, start: int, data: memoryview) -> None:
        top = self.layers[-1]
        if top.has(block):
            top.write(block, start, data)
        else:
            content = bytearray(self._read_part(block, 0, self._block_bytes))
            content[start : start + len(data)] = data
            top.allocate(block, content)
        if self._written is not None:
            self._written.add(block)

    def _index(self, path: Path) -> int:
        for number, layer in enumerate(self.layers):
            if layer.path == path:
                return number
        raise Refused("NotFound", f"'{path.name}' is no layer of '{self.top.name}'.", "ObjectNotFound")

    def _copy_up(self, parent: Layer, child: Layer, blocks: list[int], stop: threading.Event) -> None:
        for block in blocks:
            if stop.is_set():
                raise MergeStopped
            with self._lock:
                self._copy_block(parent, child, block)

    def _copy_block(self, parent: Layer, child: Layer, block: int) -> None:
        content = child.read(block, 0, self._block_bytes)
        if parent.has(block):
            parent.write(block, 0, content)
        else:
            parent.allocate(block, content)

    def _finish_merge(self, parent: Layer, child: Layer, stop: threading.Event) -> None:
        parent.flush()
        with self._lock:
            if stop.is_set():
                raise MergeStopped
            for block in self._written or ():
                if child.has(block):
                    self._copy_block(parent, child, block)
            parent.flush()
            self._take_out(parent, child)

    def _take_out(self, parent: Layer, child: Layer) -> None:
        index = self.layers.index(child)
        if index + 1 < len(self.layers):
            above = self.layers[index + 1]
            above.set_parent(parent.header.layer_id, self._drives.windows(parent.path), parent.path)
            above.flush()
        self.layers.remove(child)
        child.close()
        child.path.unlink(missing_ok=True)

    def _restore_shares(self, parent: Layer) -> None:
        with self._lock:
            if parent is not self.layers[-1]:
                parent.share(exclusive=False)


def chain_files(top: Path, drives: DriveFolders) -> list[Path]:
    """The files of a disk from the written layer to the base. Raises Refused NotFound, or
    OperationFailed for a parent that is another disk."""
    return list(_walk(top, drives))


def known_files(top: Path, drives: DriveFolders) -> list[Path]:
    """Like `chain_files`, but of a broken chain what is left of it."""
    files: list[Path] = []
    with suppress(Refused):
        files.extend(_walk(top, drives))
    return files


def _walk(top: Path, drives: DriveFolders) -> Iterator[Path]:
    path, header = top, read_header(top)
    yield path
    while header.parent_id is not None:
        parent = _find_parent(path, header.parent_path or "", header.parent_relative or "", drives)
        wanted, header = header.parent_id, read_header(parent)
        if header.layer_id != wanted:
            raise Refused(
                "OperationFailed",
                f"The identifiers of '{path.name}' and its parent '{parent.name}' do not match.",
                "InvalidData",
            )
        path = parent
        yield path


def _find_parent(child: Path, stored: str, relative: str, drives: DriveFolders) -> Path:
    beside = Path(os.path.normpath(child.parent / relative.replace("\\", "/")))
    for candidate in (_real_or_none(stored, drives), beside):
        if candidate is not None and candidate.is_file():
            return candidate
    raise Refused(
        "NotFound", f"The chain of '{child.name}' is broken: its parent '{stored}' is missing.", "ObjectNotFound"
    )


def _real_or_none(path: str, drives: DriveFolders) -> Path | None:
    try:
        return drives.real(path)
    except Refused:
        return None
