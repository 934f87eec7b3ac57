"""Detached works in a process of their own, one after the other: pulls files from another host, or hashes some here.

Its orders come through stdin as one JSON line, so that no password is on a disk or a command line.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

from lab.hyperv.copyfaults import CopyFaults
from lab.hyperv.disk import in_use
from lab.hyperv.layout import HostFolder, LabFolder
from lab.hyperv.lifeline import die_with
from lab.hyperv.pace import CHUNK_BYTES, Pace
from lab.hyperv.refusal import Refused
from lab.hyperv.volumes import Volumes, not_enough_space
from lab.hyperv.workrecord import COPY_FILE, WorkOrder, WorkRecord, read_record, shown_kind, unpacked, write_record

_ADVANCE_S = 0.5
_FLUSH_BYTES = 64 << 20


class Journal:
    """The work's record on disk, written at most twice a second."""

    def __init__(self, path: Path, record: WorkRecord) -> None:
        self.record = record
        self._path = path
        self._kept_at = time.monotonic()

    def advance(self, done: int) -> None:
        self.record.bytes_done = done
        if time.monotonic() - self._kept_at >= _ADVANCE_S:
            self.keep()

    def keep(self) -> None:
        self._kept_at = time.monotonic()
        write_record(self._path, self.record)


class Copier:
    """One copy. Cut off anywhere, it goes on where it stopped when it is started again."""

    def __init__(self, order: WorkOrder, journal: Journal, host_pid: int) -> None:
        self._parameters = order.order
        self._journal = journal
        self._lab = LabFolder(Path(order.lab_root))
        self._host = self._lab.host(order.host)
        self._volumes = Volumes(self._host, self._host.settings())
        self._faults = CopyFaults(self._host, host_pid)
        self._pace = Pace(Path(order.record_file).parent, self._faults.bytes_per_s)
        self._looked_at = 0.0
        self._room = 0

    def run(self) -> None:
        """Raises Refused, or OSError of the real files below."""
        target = self._host.drives.real(self._parameters["Destination"])
        partial = target.with_name(f"{target.name}.{self._parameters['Tag']}")
        record = self._journal.record
        if record.is_finishing and target.exists() and not partial.exists():
            record.bytes_done = record.bytes_total = target.stat().st_size
            return
        self._refuse_taken(target)
        record.digest = self._pull(partial)
        record.is_finishing = True
        self._journal.keep()
        self._name(partial, target)

    def finish(self) -> None:
        """After the record says "done"."""
        self._faults.strike_after()

    def _refuse_taken(self, target: Path) -> None:
        if target.exists():
            raise Refused("AlreadyExists", f"'{self._parameters['Destination']}' exists.", "ResourceExists")

    def _name(self, partial: Path, target: Path) -> None:
        """Windows never renames onto a file that came meanwhile; that one is not ours then."""
        try:
            self._refuse_taken(target)
            partial.rename(target)
        except (Refused, OSError):
            self._journal.record.is_finishing = False
            raise

    def _pull(self, partial: Path) -> str:
        given = self._parameters
        self._faults.strike_at(0)
        source_host, source = self._lab.shared_file(given["Source"], given["Username"], given["Password"])
        partial.parent.mkdir(parents=True, exist_ok=True)
        source_fd = open_shared(source)
        target_fd = os.open(partial, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(target_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return self._copy(source_fd, target_fd, source_host)
        except BlockingIOError:
            raise in_use(partial) from None
        finally:
            os.close(target_fd)
            os.close(source_fd)

    def _copy(self, source_fd: int, target_fd: int, source_host: HostFolder) -> str:
        """Copy what is missing; the last chunk is hashed while the next one is read and written.

        Holes of the source are written as zeros, not read: Hyper-V opens no virtual disk that is marked sparse.
        """
        record = self._journal.record
        total = record.bytes_total = os.fstat(source_fd).st_size
        digest = hashlib.sha256()
        done = self._hash_kept(target_fd, total, digest.update)
        with ThreadPoolExecutor(max_workers=2) as threads:
            hashing: Future[None] = threads.submit(digest.update, b"")
            flushing: Future[None] = threads.submit(os.fdatasync, target_fd)
            buffers = cycle([bytearray(CHUNK_BYTES), bytearray(CHUNK_BYTES)])
            while done < total:
                self._look_around(source_host)
                chunk = self._next_chunk(source_fd, done, total, next(buffers))
                self._faults.spoil(chunk, done)
                hashing.result()
                hashing = threads.submit(digest.update, chunk)
                self._write(target_fd, chunk, done)
                done += len(chunk)
                if done % _FLUSH_BYTES < len(chunk) and flushing.done():
                    flushing = threads.submit(os.fdatasync, target_fd)
                self._faults.strike_at(done)
                self._journal.advance(done)
        os.fsync(target_fd)
        record.bytes_done = done
        return digest.hexdigest()

    def _next_chunk(self, source_fd: int, offset: int, total: int, buffer: bytearray) -> memoryview:
        """From the other host, or zeros up to the next byte that was ever written there."""
        data = _next_data(source_fd, offset, total)
        if data > offset:
            count = min(data - offset, CHUNK_BYTES)
            buffer[:count] = bytes(count)
            return memoryview(buffer)[:count]
        hole = os.lseek(source_fd, offset, os.SEEK_HOLE)
        wanted = self._pace.wait(min(CHUNK_BYTES, hole - offset))
        chunk = _read_chunk(source_fd, offset, memoryview(buffer)[:wanted])
        self._journal.record.bytes_sent += len(chunk)
        return chunk

    def _hash_kept(self, target_fd: int, total: int, update: Callable[[memoryview], None]) -> int:
        """Hash what an earlier run left; returns how much that is."""
        kept = os.fstat(target_fd).st_size
        if kept > total:
            os.ftruncate(target_fd, 0)
            return 0
        done, buffer = 0, bytearray(CHUNK_BYTES)
        while done < kept:
            chunk = _read_chunk(target_fd, done, buffer)
            update(chunk)
            done += len(chunk)
            self._journal.advance(done)
        return done

    def _write(self, target_fd: int, chunk: memoryview, offset: int) -> None:
        if len(chunk) > self._room:
            raise not_enough_space(self._parameters["Destination"], len(chunk))
        self._room -= len(chunk)
        rest = chunk
        while rest:
            count = os.pwrite(target_fd, rest, offset)
            rest, offset = rest[count:], offset + count

    def _look_around(self, source_host: HostFolder) -> None:
        """Now and then: is the other host still there, and how much room is left?"""
        if time.monotonic() - self._looked_at < _ADVANCE_S:
            return
        self._looked_at = time.monotonic()
        self._room = self._volumes.free_bytes(self._parameters["Destination"])
        if not source_host.is_up():
            raise Refused("HostUnreachable", "The specified network name is no longer available.", "ReadError")


def open_shared(path: Path) -> int:
    """Open for reading as the scripts do; raises Refused InUse for a file that a running VM writes to, NotFound."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        raise Refused("NotFound", f"Could not find file '{path.name}'.", "ObjectNotFound") from None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise in_use(path) from None
    return fd


def hash_file(order: WorkOrder, journal: Journal) -> None:
    """SHA-256 of a file of this host."""
    path = HostFolder(Path(order.lab_root), order.host).drives.real(order.order["Path"])
    fd = open_shared(path)
    try:
        total = journal.record.bytes_total = os.fstat(fd).st_size
        digest, done, buffer = hashlib.sha256(), 0, bytearray(CHUNK_BYTES)
        while done < total:
            chunk = _read_chunk(fd, done, buffer)
            digest.update(chunk)
            done += len(chunk)
            journal.advance(done)
        journal.record.digest = digest.hexdigest()
    finally:
        os.close(fd)


def main() -> None:
    host_pid, orders = unpacked(sys.stdin.readline())
    die_with(host_pid)
    for order in orders:
        _do(order, host_pid)


def _do(order: WorkOrder, host_pid: int) -> None:
    """Bring one work and its record to their end."""
    record = read_record(Path(order.record_file))
    assert record is not None
    journal = Journal(Path(order.record_file), record)
    copier = Copier(order, journal, host_pid) if order.kind == COPY_FILE else None
    try:
        if copier:
            copier.run()
        else:
            hash_file(order, journal)
        record.state = "done"
    except Refused as refused:
        _fail(record, shown_kind(refused), refused.message)
    except OSError as error:
        _fail(record, "NotEnoughSpace" if error.errno == errno.ENOSPC else "OperationFailed", str(error))
    journal.keep()
    if copier:
        copier.finish()


def _fail(record: WorkRecord, kind: str, message: str) -> None:
    record.state, record.error_kind, record.error = "failed", kind, message


def _next_data(fd: int, offset: int, total: int) -> int:
    """Where the next byte lies that is not in a hole; `total` when there is none."""
    try:
        return os.lseek(fd, offset, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return total


def _read_chunk(fd: int, offset: int, buffer: bytearray | memoryview) -> memoryview:
    """The next bytes, in the buffer: fresh memory for every chunk would cost more than the copy."""
    count = os.preadv(fd, [buffer], offset)
    if count == 0:
        raise Refused("OperationFailed", "The file changed its size while it was read.")
    return memoryview(buffer)[:count]


if __name__ == "__main__":
    main()
