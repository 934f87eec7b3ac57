"""The disks of a lab's VMs, made and read without the guest: header, payload, ring of records (guest/disks.c)."""

from __future__ import annotations

import hashlib
import random
import struct
import tempfile
from operator import mul
from pathlib import Path

from lab.kvm.commands import run
from lab.kvm.spec import DiskSpec

BLOCK = 4096
_MB_BLOCKS = 1024 * 1024 // BLOCK
_MAGIC = b"FERRYREC"
_WORDS = struct.Struct("<512Q")  # magic, disk, number, tick, time, filling, checksum
_WEIGHTS = tuple(range(1, 2 * 511, 2))


def payload(vm_uuid: str, index: int, spec: DiskSpec) -> bytes:
    """Incompressible, of this disk alone, and the same whenever it is asked for."""
    source = random.Random(f"{vm_uuid}/{index}")
    return b"".join(source.randbytes(_MB_BLOCKS * BLOCK) for _ in range(spec.payload_mb))


def payload_sha256(vm_uuid: str, index: int, spec: DiskSpec) -> str:
    return hashlib.sha256(payload(vm_uuid, index, spec)).hexdigest()


def make_disk(path: Path, vm_uuid: str, index: int, spec: DiskSpec) -> None:
    """A new qcow2 at `path`, whatever was there."""
    content = payload(vm_uuid, index, spec)
    blocks = f"{spec.payload_mb * _MB_BLOCKS} {spec.ring_mb * _MB_BLOCKS}"
    header = f"FERRYLAB1 {blocks}\n".encode()
    with tempfile.NamedTemporaryFile(prefix="ferry-lab-disk-") as raw:
        raw.truncate(spec.size_mb * 1024 * 1024)
        raw.write(header.ljust(BLOCK, b"\0") + content)
        raw.flush()
        run(["qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", raw.name, path])


def ring_slots(spec: DiskSpec) -> int:
    """How many records fit into the ring; an older one gives way to a newer."""
    return spec.ring_mb * _MB_BLOCKS


def record_offset(spec: DiskSpec, number: int) -> int:
    """Where on the disk a record lies, in bytes."""
    return (1 + spec.payload_mb * _MB_BLOCKS + number % ring_slots(spec)) * BLOCK


def disk_findings(raw: Path, vm_uuid: str, index: int, spec: DiskSpec, last_record: int) -> list[str]:
    """What is wrong with a disk (a raw image of it) on which `last_record` and all before it were durable."""
    with raw.open("rb") as file:
        file.seek(BLOCK)
        whole = file.read(spec.payload_mb * _MB_BLOCKS * BLOCK) == payload(vm_uuid, index, spec)
        file.seek(record_offset(spec, 0))
        ring = file.read(ring_slots(spec) * BLOCK)
    findings = [] if whole else [f"The payload of disk {index} is not what it was made of."]
    slots = ring_slots(spec)
    numbers = [_record_number(ring[at * BLOCK : (at + 1) * BLOCK], index) for at in range(slots)]
    wanted = range(max(1, last_record - slots + 1), last_record + 1)
    lost = [number for number in wanted if numbers[number % slots] < number]
    if lost:
        findings.append(f"Disk {index} lacks {len(lost)} of {len(wanted)} records, the first is number {lost[0]}.")
    return findings


def _record_number(block: bytes, index: int) -> int:
    """0 when there is no whole record of this disk."""
    words = _WORDS.unpack(block)
    if block[:8] != _MAGIC or words[1] != index or sum(map(mul, words, _WEIGHTS)) % 2**64 != words[-1]:
        return 0
    return int(words[2])
