"""The memory of a guest: a pattern that proves every page, a counter that ticks, and a sum of what was done.

Page 0 holds the counters. Every other page begins with its own number and the tick that last touched it; the
rest is derived from the boot id. So a page that is lost, stale, swapped or flipped is found.
"""

from __future__ import annotations

import hashlib
import struct

PAGE_BYTES = 4096
MEGABYTE = 1 << 20
_MAGIC = b"FERRYMEM"
_HEAD = struct.Struct("<8s16sQQQ")
_STAMP = struct.Struct("<QQ")
_PRIME = (1 << 61) - 1
_FACTOR = 6364136223846793005 % _PRIME


class GuestMemory:
    """Not thread-safe: the guest holds its cpu lock around every call."""

    def __init__(self, content: bytearray) -> None:
        self.content = content
        magic, boot_id, counter, total, following = _HEAD.unpack_from(content)
        self.boot_id: bytes = boot_id
        self.counter: int = counter
        self.next_record: int = following
        self._sum: int = total
        if magic != _MAGIC:
            raise ValueError("this is not the memory of a guest")
        self._pattern = _pattern(self.boot_id)
        self._pages = len(content) // PAGE_BYTES

    @classmethod
    def boot(cls, size_mb: int, boot_id: bytes, next_record: int) -> GuestMemory:
        """Fresh memory of a guest that has just started. `boot_id` has 16 bytes."""
        content = bytearray(_pattern(boot_id)) * size_mb
        for page in range(1, len(content) // PAGE_BYTES):
            _STAMP.pack_into(content, page * PAGE_BYTES, page, 0)
        _HEAD.pack_into(content, 0, _MAGIC, boot_id, 0, _seed(boot_id), next_record)
        return cls(content)

    def tick(self) -> None:
        """Count one, fold it into the sum, and touch the next page."""
        self.counter += 1
        self._sum = self._sum * _FACTOR % _PRIME
        page = 1 + self.counter % (self._pages - 1)
        _STAMP.pack_into(self.content, page * PAGE_BYTES, page, self.counter)
        self._keep()

    def note_record(self, number: int) -> None:
        """Remember that record `number` is durable."""
        self.next_record = number + 1
        self._keep()

    def sum_is_right(self) -> bool:
        """Whether the sum belongs to the counter."""
        return self._sum == _seed(self.boot_id) * pow(_FACTOR, self.counter, _PRIME) % _PRIME

    def megabytes(self) -> int:
        return len(self.content) // MEGABYTE

    def megabyte_is_whole(self, number: int) -> bool:
        """Whether this part is what the guest wrote until now."""
        part = memoryview(self.content)[number * MEGABYTE : (number + 1) * MEGABYTE]
        return self._is_whole(part, number)

    def _is_whole(self, part: memoryview, number: int) -> bool:
        expected = bytearray(self._pattern)
        first = number * MEGABYTE // PAGE_BYTES
        for page in range(max(first, 1), first + MEGABYTE // PAGE_BYTES):
            _STAMP.pack_into(expected, (page - first) * PAGE_BYTES, page, self._last_touch(page))
        if number == 0:
            expected[: _HEAD.size] = part[: _HEAD.size]
        return part == expected

    def _last_touch(self, page: int) -> int:
        """The last tick up to the counter that falls on this page (page = 1 + tick modulo the pages)."""
        turn = self._pages - 1
        behind = (self.counter - (page - 1)) % turn
        return max(self.counter - behind, 0)

    def _keep(self) -> None:
        _HEAD.pack_into(self.content, 0, _MAGIC, self.boot_id, self.counter, self._sum, self.next_record)


def _seed(boot_id: bytes) -> int:
    return int.from_bytes(boot_id[:7], "little") + 1


def _pattern(boot_id: bytes) -> bytes:
    return hashlib.shake_128(boot_id).digest(MEGABYTE)
