"""What a guest keeps on its disks: a filled area whose digest is known, and a ring of numbered, checksummed records.

The first 4096 bytes of a disk are JSON that says where both lie, so that anybody can check a disk without its
guest. Record n of a guest with k disks lies on disk n modulo k.
"""

from __future__ import annotations

import hashlib
import json
import random
import struct
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

SUPERBLOCK_BYTES = 4096
FILL_OFFSET = 65536
MEGABYTE = 1 << 20
_HEAD = struct.Struct("<4sIQQ16s")
_MAGIC = b"REC1"
_PAD = random.Random("ferry-records").randbytes(2 * MEGABYTE)

Read = Callable[[int, int], bytes]
Write = Callable[[int, bytes], None]


@dataclass(frozen=True, slots=True)
class DiskMap:
    """Where things lie on disk number `disk` of `disks`."""

    disk: int
    disks: int
    fill_bytes: int
    fill_sha256: str
    record_offset: int
    record_bytes: int
    slots: int

    def slot_offset(self, number: int) -> int:
        return self.record_offset + number // self.disks % self.slots * self.record_bytes


@dataclass(frozen=True, slots=True)
class Record:
    number: int
    time_ns: int
    boot_id: bytes


def format_disk(write: Write, plan: DiskMap, size_bytes: int, seed: str) -> DiskMap:
    """Fill a new disk with incompressible bytes derived from `seed`; returns the map that was written on it."""
    digest = hashlib.sha256()
    generator = random.Random(seed)
    for offset in range(0, plan.fill_bytes, MEGABYTE):
        piece = generator.randbytes(min(MEGABYTE, plan.fill_bytes - offset))
        digest.update(piece)
        write(FILL_OFFSET + offset, piece)
    record_offset = FILL_OFFSET + -(-plan.fill_bytes // FILL_OFFSET) * FILL_OFFSET
    slots = (size_bytes - record_offset) // plan.record_bytes
    made = DiskMap(plan.disk, plan.disks, plan.fill_bytes, digest.hexdigest(), record_offset, plan.record_bytes, slots)
    write(0, json.dumps(asdict(made)).encode().ljust(SUPERBLOCK_BYTES))
    return made


def read_map(read: Read) -> DiskMap:
    """Raises ValueError when the disk was never formatted for a guest."""
    return DiskMap(**json.loads(read(0, SUPERBLOCK_BYTES)))


def pack_record(number: int, boot_id: bytes, record_bytes: int) -> bytes:
    """A record of `record_bytes` bytes; its checksum covers all of it."""
    start = number * 4099 % MEGABYTE
    body = _HEAD.pack(_MAGIC, 0, number, time.time_ns(), boot_id)[8:] + _PAD[start : start + record_bytes - _HEAD.size]
    return _MAGIC + zlib.crc32(body).to_bytes(4, "little") + body


def parse_record(raw: bytes) -> Record | None:
    """None when the bytes are not a whole record."""
    if len(raw) < _HEAD.size or raw[:4] != _MAGIC:
        return None
    _, checksum, number, time_ns, boot_id = _HEAD.unpack_from(raw)
    if zlib.crc32(raw[8:]) != checksum:
        return None
    return Record(number, time_ns, boot_id)


def last_record(read: Read, plan: DiskMap) -> int:
    """The highest record number on this disk, or disk - disks when there is none. Searches by halving the ring."""
    first = _number_in_slot(read, plan, 0)
    if first is None:
        return plan.disk - plan.disks
    low, high = 0, plan.slots - 1
    while low < high:
        middle = (low + high + 1) // 2
        if _number_in_slot(read, plan, middle) == first + middle * plan.disks:
            low = middle
        else:
            high = middle - 1
    return first + low * plan.disks


def next_record(reads: Sequence[Read]) -> int:
    """The number after the last record of a guest whose disks are read by `reads`, in order."""
    return min(last_record(read, plan := read_map(read)) + plan.disks for read in reads)


def disk_findings(read: Read, last: int) -> list[str]:
    """What is wrong with a disk that must hold its records up to number `last`, a sentence each."""
    try:
        plan = read_map(read)
    except ValueError:
        return ["The disk has lost its first block."]
    found = [] if _fill_digest(read, plan) == plan.fill_sha256 else [f"The filled area of disk {plan.disk} changed."]
    bad = [number for number in _numbers_kept(plan, last) if not _is_kept(read, plan, number)]
    if bad:
        found.append(f"Disk {plan.disk} misses {len(bad)} records, the first is number {bad[0]}, the last {bad[-1]}.")
    return found


def _number_in_slot(read: Read, plan: DiskMap, slot: int) -> int | None:
    record = parse_record(read(plan.record_offset + slot * plan.record_bytes, plan.record_bytes))
    return record.number if record else None


def _numbers_kept(plan: DiskMap, last: int) -> range:
    """The numbers up to `last` on this disk that the ring still holds. The oldest quarter of a full ring is left
    out: its guest may be writing there while we read."""
    top = last - (last - plan.disk) % plan.disks
    lowest = max(plan.disk, top - plan.disks * (plan.slots * 3 // 4 - 1))
    return range(lowest, top + 1, plan.disks)


def _is_kept(read: Read, plan: DiskMap, number: int) -> bool:
    """The record is there, or the ring has already come round and holds a later one in its place."""
    record = parse_record(read(plan.slot_offset(number), plan.record_bytes))
    if record is None:
        return False
    return record.number == number or (record.number - number) % (plan.slots * plan.disks) == 0 < record.number - number


def _fill_digest(read: Read, plan: DiskMap) -> str:
    digest = hashlib.sha256()
    for offset in range(0, plan.fill_bytes, MEGABYTE):
        digest.update(read(FILL_OFFSET + offset, min(MEGABYTE, plan.fill_bytes - offset)))
    return digest.hexdigest()
