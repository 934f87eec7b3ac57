"""Body of detached works: hashes files of this host one after the other, also those that a VM has open. Started again
a hash begins anew: a digest cannot be taken up half way."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import Any

from .failures import Failure
from .records import Progress

_CHUNK_BYTES = 4 << 20


def hash_files(folder: str, orders: list[dict[str, Any]]) -> None:
    """`orders` as in works.start_works; their records lie in `folder`."""
    for order in orders:
        progress = Progress(folder, order["work_id"])
        try:
            _hash_file(order["path"], progress)
        except Exception as error:  # noqa: BLE001 - top of a detached process: whatever it was, its record tells
            progress.fail(error)


def hash_up_to(file: int, size: int, digest: hashlib._Hash, progress: Progress) -> None:
    """Every byte is read, those of holes too: what a file system tells of its holes proves nothing."""
    buffer = memoryview(bytearray(min(_CHUNK_BYTES, max(1, size))))
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    at = 0
    while at < size:
        count = os.preadv(file, [buffer[: size - at]], at)
        if not count:
            raise Failure("Refused", "The file became shorter while it was read.")
        digest.update(buffer[:count])
        at += count
        progress.advance(at)


def _hash_file(path: str, progress: Progress) -> None:
    digest = hashlib.sha256()
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise Failure("Refused", f"{path} is no regular file.")
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(file).st_size
        progress.record["bytes_total"] = size
        hash_up_to(file, size, digest, progress)
    finally:
        os.close(file)
    progress.record.update(digest=digest.hexdigest(), bytes_done=size, state="done")
    progress.write()
