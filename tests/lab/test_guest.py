"""A guest is one life: its memory and its records come through a save, and whatever is wrong with them is found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.hyperv.chain import Chain
from lab.hyperv.checker import GuestAnswer, GuestSilent, ask, await_answer, verify
from lab.hyperv.children import Children
from lab.hyperv.create import create_lab
from lab.hyperv.guest import GuestOrder
from lab.hyperv.guestprocess import GuestProcess
from lab.hyperv.layout import GuestEntry, LabFolder
from lab.hyperv.memory import GuestMemory
from lab.hyperv.records import DiskMap, disk_findings, format_disk, last_record, pack_record, read_map
from lab.hyperv.refusal import Refused
from lab.hyperv.spec import LabSpec
from tests.lab.support import eventually


class Guests:
    """Starts guest processes of WEB01's files."""

    def __init__(self, lab: LabFolder) -> None:
        self.lab = lab
        self.entry: GuestEntry = lab.facts().vms[0]
        self.children = Children(lab.root / "children.log")
        self.state_file = lab.root / "web01.vmrs"
        self.disks = tuple(sorted(str(path) for path in (lab.root / "HV01/D/VMs/WEB01").rglob("*.vhdx")))

    @property
    def address(self) -> tuple[str, int]:
        return self.entry.address, self.entry.port

    def start(self, *, restore: bool = False) -> GuestProcess:
        state_file = str(self.state_file) if restore else None
        root, entry = str(self.lab.root), self.entry
        order = GuestOrder(
            entry.uid, "WEB01", "HV01", root, os.getpid(), entry.address, entry.port, 8, 50.0, self.disks, state_file
        )
        return GuestProcess(self.children, order)

    def records_after(self, count: int) -> GuestAnswer:
        first = await_answer(self.address).last_record
        eventually(lambda: ask(self.address).last_record >= first + count)
        return ask(self.address)


@pytest.fixture
def guests(tmp_path: Path, spec: LabSpec) -> Iterator[Guests]:
    made = Guests(create_lab(tmp_path / "lab", spec))
    yield made
    made.children.close()


def test_a_restored_guest_goes_on_where_it_was_saved(guests: Guests) -> None:
    guest = guests.start()
    before = guests.records_after(10)

    guest.save(str(guests.state_file), "save-1", "GenuineIntel")
    with pytest.raises(GuestSilent):
        ask(guests.address)
    guests.start(restore=True)
    after = guests.records_after(10)

    assert (after.boot_id, after.origin) == (before.boot_id, "restored")
    assert after.counter > before.counter
    assert verify(guests.address).findings == ()


def test_a_guest_that_lost_its_power_boots_anew_and_keeps_its_records(guests: Guests) -> None:
    guest = guests.start()
    before = guests.records_after(10)

    guest.kill()
    guests.start()
    after = guests.records_after(5)

    assert after.boot_id != before.boot_id
    assert after.last_record > before.last_record
    assert verify(guests.address).findings == ()


def test_a_flipped_byte_in_the_saved_state_is_found(guests: Guests) -> None:
    guests.start().save(str(guests.state_file), "save-1", "GenuineIntel")
    state = bytearray(guests.state_file.read_bytes())
    state[3 << 20] ^= 1
    guests.state_file.write_bytes(state)

    guests.start(restore=True)
    await_answer(guests.address)

    assert verify(guests.address).findings == ("Megabyte 2 of the memory is not what the guest wrote.",)


def test_a_second_guest_on_the_same_disks_is_refused(guests: Guests) -> None:
    guests.start()

    with pytest.raises(Refused, match="used by another process"):
        guests.start()


def test_a_state_that_ends_too_early_is_not_restored(guests: Guests) -> None:
    guests.start().save(str(guests.state_file), "save-1", "GenuineIntel")
    os.truncate(guests.state_file, 5 << 20)

    with pytest.raises(Refused, match="ends too early"):
        guests.start(restore=True)


def test_memory_that_ticks_stays_whole() -> None:
    memory = GuestMemory.boot(2, os.urandom(16), 0)

    for _ in range(1500):
        memory.tick()

    assert memory.sum_is_right()
    assert [memory.megabyte_is_whole(number) for number in range(2)] == [True, True]


def test_memory_of_an_earlier_moment_is_found() -> None:
    memory = GuestMemory.boot(2, os.urandom(16), 0)
    for _ in range(700):
        memory.tick()
    stale = bytes(memory.content[1 << 20 :])
    for _ in range(300):
        memory.tick()

    memory.content[1 << 20 :] = stale

    assert not memory.megabyte_is_whole(1)


class Ram:
    """A disk of bytes in memory with room for 16 records."""

    def __init__(self, record_bytes: int = 512) -> None:
        self.content = bytearray(2 * 65536 + 16 * record_bytes)
        plan = DiskMap(0, 1, 65536, "", 0, record_bytes, 0)
        self.map = format_disk(self.write, plan, len(self.content), "seed")

    def read(self, offset: int, count: int) -> bytes:
        return bytes(self.content[offset : offset + count])

    def write(self, offset: int, data: bytes) -> None:
        self.content[offset : offset + len(data)] = data

    def record(self, last: int) -> None:
        for number in range(last + 1):
            self.write(self.map.slot_offset(number), pack_record(number, b"b" * 16, self.map.record_bytes))


@pytest.mark.parametrize("last", [-1, 0, 7, 15, 16, 40])
def test_the_last_record_is_found_also_when_the_ring_has_come_round(last: int) -> None:
    ram = Ram()
    ram.record(last)

    assert last_record(ram.read, ram.map) == last
    assert disk_findings(ram.read, last) == []


def test_a_lost_record_and_a_changed_fill_are_found() -> None:
    ram = Ram()
    ram.record(9)
    ram.content[ram.map.slot_offset(4) + 100] ^= 1
    ram.content[65536 + 5] ^= 1

    findings = disk_findings(ram.read, 9)

    assert findings[0] == "The filled area of disk 0 changed."
    assert findings[1] == "Disk 0 misses 1 records, the first is number 4, the last 4."


def test_a_disk_says_where_its_records_lie(guests: Guests) -> None:
    chain = Chain.open(Path(guests.disks[1]), guests.lab.host("HV01").drives, writable=False)

    plan = read_map(chain.read)

    assert (plan.disk, plan.disks, plan.fill_bytes) == (1, 2, 2 << 20)
    assert plan.record_offset + plan.slots * plan.record_bytes <= chain.size_bytes
    chain.close()
