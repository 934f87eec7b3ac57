"""A running VM as a small process: memory that counts, disks that get records, an address that answers.

Started by its host with one JSON line on stdin (GuestOrder); then one JSON line a command, one JSON line an answer
on stdout. The end of stdin is the end of the host, and so of the guest.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.hyperv.chain import Chain
from lab.hyperv.guestmerge import Merging
from lab.hyperv.guestnet import answer_for_ever, claim_life, note_life
from lab.hyperv.lifeline import die_with
from lab.hyperv.memory import GuestMemory
from lab.hyperv.paths import DriveFolders
from lab.hyperv.records import DiskMap, disk_findings, next_record, pack_record, read_map
from lab.hyperv.refusal import Refused
from lab.hyperv.statefile import StateHeader, read_memory, read_state_header, write_state

_TICK_S = 0.01


@dataclass(frozen=True, slots=True)
class GuestOrder:
    """How a guest is started. Paths are real ones; `state_file` is set to restore from it."""

    uid: str
    name: str
    host: str
    lab_root: str
    parent_pid: int
    address: str
    port: int
    memory_mb: int
    records_per_s: float
    disks: tuple[str, ...]
    state_file: str | None = None


class Guest:
    """`_cpu` guards memory, `_io` the writing of records; saving takes both, in this order: io, cpu."""

    def __init__(self, order: GuestOrder) -> None:
        self.order = order
        drives = DriveFolders(Path(order.lab_root) / order.host)
        self.chains = [Chain.open(Path(path), drives, writable=True) for path in order.disks]
        self._maps: list[DiskMap] = [read_map(chain.read) for chain in self.chains]
        self._memory = self._boot()
        self._cpu = threading.Lock()
        self._io = threading.Lock()
        self._merging = Merging(self.chains)

    def run(self) -> None:
        """Tick, write and answer in threads of their own."""
        for work in (self._tick_for_ever, self._write_for_ever, self._answer_for_ever):
            threading.Thread(target=work, daemon=True).start()

    def status(self) -> dict[str, Any]:
        """What a visitor is told: see checker.GuestAnswer."""
        with self._cpu:
            return {
                "vm": self.order.name,
                "uid": self.order.uid,
                "host": self.order.host,
                "boot_id": self._memory.boot_id.hex(),
                "counter": self._memory.counter,
                "last_record": self._memory.next_record - 1,
                "origin": "restored" if self.order.state_file else "started",
            }

    def verify(self) -> dict[str, Any]:
        """The status, and what is wrong with memory and disks ("findings")."""
        findings = self._memory_findings()
        with self._cpu:
            last = self._memory.next_record - 1
        for chain in self.chains:
            findings += disk_findings(chain.read, last)
        return self.status() | {"findings": findings}

    def save(self, state_file: str, save_id: str, cpu_vendor: str) -> dict[str, Any]:
        """Freeze for ever and write the memory. On failure the guest goes on as if nothing had been asked."""
        self._merging.stop()
        with self._io, self._cpu:
            for chain in self.chains:
                chain.flush()
            header = StateHeader(self.order.uid, save_id, self.order.memory_mb, cpu_vendor)
            write_state(Path(state_file), header, self._memory.content)
            self._end("saved")
        return {}

    def stop(self) -> dict[str, Any]:
        """Turn off, as if the plug were pulled after a flush."""
        self._merging.stop()
        with self._io, self._cpu:
            self._end("stopped")
        return {}

    def checkpoint(self, children: list[str]) -> dict[str, Any]:
        """Freeze the written layers of all disks at one moment; `children` are the new layers, in disk order."""
        with self._io:
            for chain, child in zip(self.chains, children, strict=True):
                chain.push(Path(child))
        return {}

    def merge(self, disk: int, parent: str) -> dict[str, Any]:
        self._merging.begin(disk, Path(parent))
        return {}

    def merge_state(self) -> dict[str, Any]:
        """{"state": "idle" | "merging" | "merged" | "failed", "error": text}"""
        return self._merging.state()

    def _memory_findings(self) -> list[str]:
        """Megabyte by megabyte, so that looking is no outage."""
        found = []
        with self._cpu:
            if not self._memory.sum_is_right():
                found.append(f"The sum of what was done does not belong to counter {self._memory.counter}.")
        for number in range(self._memory.megabytes()):
            with self._cpu:
                if not self._memory.megabyte_is_whole(number):
                    found.append(f"Megabyte {number} of the memory is not what the guest wrote.")
        return found

    def _boot(self) -> GuestMemory:
        if self.order.state_file:
            path = Path(self.order.state_file)
            return GuestMemory(read_memory(path, read_state_header(path)))
        first = next_record([chain.read for chain in self.chains])
        return GuestMemory.boot(self.order.memory_mb, os.urandom(16), first)

    def _end(self, event: str) -> None:
        """Nothing of this guest moves any more: its locks are never given back, the process exits after the answer."""
        for chain in self.chains:
            chain.close()
        note_life(self.order.lab_root, event, self.order.uid, self.order.host)
        _reply({"result": {}})
        os._exit(0)

    def _tick_for_ever(self) -> None:
        while True:
            with self._cpu:
                self._memory.tick()
            time.sleep(_TICK_S)

    def _write_for_ever(self) -> None:
        if not self.order.records_per_s:
            return
        due = time.monotonic()
        while True:
            self._write_record()
            due = max(due + 1 / self.order.records_per_s, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))

    def _write_record(self) -> None:
        with self._io:
            number = self._memory.next_record
            disk = number % len(self.chains)
            plan, chain = self._maps[disk], self.chains[disk]
            chain.write(plan.slot_offset(number), pack_record(number, self._memory.boot_id, plan.record_bytes))
            chain.flush()
            with self._cpu:
                self._memory.note_record(number)

    def _answer_for_ever(self) -> None:
        answer_for_ever(self.order.address, self.order.port, {"status": self.status, "verify": self.verify})


def main() -> None:
    order = _read_order(sys.stdin.readline())
    die_with(order.parent_pid)
    try:
        guest = Guest(order)
    except Refused as refused:
        _reply({"error": {"kind": refused.kind, "message": refused.message}})
        return
    life = claim_life(order.lab_root, order.uid, order.host)
    note_life(order.lab_root, "restored" if order.state_file else "started", order.uid, order.host)
    guest.run()
    _reply({"result": guest.status()})
    for line in sys.stdin:
        _obey(guest, json.loads(line))
    os.close(life)
    os._exit(1)


def _obey(guest: Guest, command: dict[str, Any]) -> None:
    verbs: dict[str, Callable[..., dict[str, Any]]] = {
        "save": guest.save,
        "stop": guest.stop,
        "checkpoint": guest.checkpoint,
        "merge": guest.merge,
        "merge_state": guest.merge_state,
    }
    try:
        _reply({"result": verbs[command["do"]](**command["with"])})
    except Refused as refused:
        _reply({"error": {"kind": refused.kind, "message": refused.message}})
    except OSError as error:
        _reply({"error": {"kind": "OperationFailed", "message": str(error)}})


def _read_order(line: str) -> GuestOrder:
    fields = json.loads(line)
    return GuestOrder(**(fields | {"disks": tuple(fields["disks"])}))


def _reply(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
