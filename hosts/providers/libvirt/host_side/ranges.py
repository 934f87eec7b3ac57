"""Which parts of a file hold bytes at all: the holes of a sparse file are not sent."""

from __future__ import annotations

import errno
import os

# A smaller hole costs more to tell than to send.
_LEAST_HOLE_BYTES = 64 << 10


def data_ranges(file: int, size: int) -> list[list[int]]:
    """[start, end] of every part with data, in order. The digest is of the whole file on both hosts, and each reads
    every byte for it, so that a file system which tells less than there is cannot make a copy that passes."""
    found: list[list[int]] = []
    at = 0
    try:
        while at < size:
            start = os.lseek(file, at, os.SEEK_DATA)
            at = min(os.lseek(file, start, os.SEEK_HOLE), size)
            if found and start - found[-1][1] < _LEAST_HOLE_BYTES:
                found[-1][1] = at
            elif start < size:
                found.append([start, at])
    except OSError as error:
        if error.errno == errno.ENXIO:  # no data after here
            return found
        if error.errno in (errno.EINVAL, errno.EOPNOTSUPP):  # a file system that does not know the question
            return [[0, size]]
        raise
    return found


def bytes_below(ranges: list[list[int]], offset: int) -> int:
    """How much of the data lies before this offset."""
    return sum(min(end, offset) - start for start, end in ranges if start < offset)
