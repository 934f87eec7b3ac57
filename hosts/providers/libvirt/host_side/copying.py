"""Body of detached works: pulls files from another host, one after the other, and hashes every byte that arrives.
Cut off anywhere, a file goes on where it stopped when it is started again."""

from __future__ import annotations

import collections
import hashlib
import os
import socket
from collections.abc import Iterator
from typing import Any

from .failures import Failure
from .fetching import Source
from .files import make_folders
from .frames import CHUNK_BYTES
from .hashing import hash_up_to
from .pace import Pace
from .private_files import put_in_place
from .processes import boot_id
from .ranges import bytes_below
from .records import Progress, is_named, partial_of
from .settling import Settling

# Asked for ahead, so that neither end waits for the other's answer.
_AHEAD = 4


def copy_files(folder: str, tag: str, orders: list[dict[str, Any]]) -> None:
    """`orders` as in works.start_works; their records lie in `folder`."""
    pace = Pace(folder)
    for order in orders:
        copy = _Copy(folder, tag, order, pace)
        try:
            copy.run()
        except Exception as error:  # noqa: BLE001 - top of a detached process: whatever it was, its record tells
            copy.fail(error)


class _Copy:
    def __init__(self, folder: str, tag: str, order: dict[str, Any], pace: Pace) -> None:
        self._order = order
        self._tag = tag
        self._pace = pace
        self._destination: str = order["destination"]
        self._partial = partial_of(self._destination, tag)
        self._progress = Progress(folder, order["work_id"])
        self._record = self._progress.record

    def run(self) -> None:
        """Bring the file and its record to their end."""
        if self._record["is_finishing"] and is_named(self._destination, self._tag):
            self._end_naming()
        else:
            self._pull()
        self._record["state"] = "done"
        self._progress.write()

    def fail(self, error: Exception) -> None:
        if os.path.lexists(self._partial):
            self._record["is_finishing"] = False  # the file at the destination is not this one
        self._progress.fail(error)

    def _end_naming(self) -> None:
        """Only the last line of the record was missing, or one of the file's two names was there still."""
        if os.path.lexists(self._partial):
            os.unlink(self._partial)
        size = os.stat(self._destination).st_size
        self._record["bytes_total"] = self._record["bytes_done"] = size

    def _pull(self) -> None:
        made = make_folders(os.path.dirname(self._destination))
        self._record["made_folders"] = made + self._record["made_folders"]
        if os.path.lexists(self._destination):
            raise self._taken()
        source = Source(self._order)
        try:
            facts = source.open(self._order["path"])
            digest = self._fill(source, facts)
            if source.open(self._order["path"])["stamp"] != facts["stamp"]:
                raise Failure("Refused", f"{self._order['path']} was written while it was copied.")
        finally:
            source.close()
        self._name(digest)

    def _fill(self, source: Source, facts: dict[str, Any]) -> str:
        """Makes the unfinished file whole, on the disk, and returns the digest of its bytes."""
        file = os.open(self._partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(file, 0o600 | (facts["mode"] & 0o777))
            digest = hashlib.sha256()
            offset = self._take_up(file, facts, digest)
            settling = Settling(file, offset, digest, self._progress)
            try:
                self._receive(source, facts, offset, settling)
            finally:
                done = settling.end()
            settling.confirm()
            os.fsync(file)
        finally:
            os.close(file)
        self._record["bytes_done"] = done
        return digest.hexdigest()

    def _take_up(self, file: int, facts: dict[str, Any], digest: hashlib._Hash) -> int:
        """How much of an earlier run stays, hashed; the record tells of what it is from now on.

        What was written before the host was last started may have lost bytes with the power, and what came of a file
        that was written since is not of this one: neither stays.
        """
        now, stamp, record = boot_id(), facts["stamp"], self._record
        kept = os.fstat(file).st_size
        if (record["boot"], record["source_stamp"]) != (now, stamp) or kept > facts["size_bytes"]:
            os.ftruncate(file, 0)
            kept = 0
        record.update(boot=now, source_stamp=stamp, bytes_total=facts["size_bytes"])
        # The record of the last moments may be lost, but not what they brought.
        record["bytes_sent"] = max(record["bytes_sent"], bytes_below(facts["ranges"], kept))
        self._progress.write()
        hash_up_to(file, kept, digest, self._progress)
        return kept

    def _receive(self, source: Source, facts: dict[str, Any], offset: int, settling: Settling) -> None:
        ahead: collections.deque[int] = collections.deque()
        for start, end, is_data in _parts(facts, offset):
            if not is_data:
                self._settle(source, ahead, settling, 0)
                settling.settle_hole(end - start)
                continue
            at = start
            while at < end:
                count = self._pace.wait(min(end - at, CHUNK_BYTES))
                source.ask(at, count)
                ahead.append(count)
                at += count
                self._settle(source, ahead, settling, 0 if self._pace.share else _AHEAD)
        self._settle(source, ahead, settling, 0)

    def _settle(self, source: Source, ahead: collections.deque[int], settling: Settling, left: int) -> None:
        """Receive what was asked for until so many answers are outstanding."""
        while len(ahead) > left:
            count = ahead.popleft()
            buffer = settling.buffer()
            source.receive(buffer[:count])
            settling.settle(buffer, count)

    def _name(self, digest: str) -> None:
        """Give the file its name. The record says so beforehand: a run cut off here must know the file as its own."""
        self._record["digest"] = digest
        self._record["is_finishing"] = True
        self._progress.write()
        try:
            put_in_place(self._partial, self._destination)
        except FileExistsError:
            raise self._taken() from None

    def _taken(self) -> Failure:
        place = f"{self._destination} exists on {socket.gethostname()}"
        return Failure("AlreadyExists", f"{place} and is not of {self._tag}.")


def _parts(facts: dict[str, Any], offset: int) -> Iterator[tuple[int, int, bool]]:
    """(start, end, is_data) of all that lies behind the offset, in order."""
    size = facts["size_bytes"]
    for start, end in [*facts["ranges"], [size, size]]:
        if start > offset:
            yield offset, start, False
        if end > max(start, offset):
            yield max(start, offset), end, True
        offset = max(end, offset)
