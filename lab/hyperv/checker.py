"""Proves that a VM came through: the same boot, no lost record, no flipped bit, one place. And times its outages."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lab.hyperv.chain import Chain
from lab.hyperv.config import read_config
from lab.hyperv.control import Lab
from lab.hyperv.layout import HostFolder
from lab.hyperv.records import disk_findings
from lab.hyperv.refusal import Refused
from lab.proof import Findings, Proof

PROBE_S = 0.02
_ANSWER_S = 1.0
_VERIFY_S = 60.0
_LOOKS = 5
_LOOK_AGAIN_S = 0.1

Address = tuple[str, int]


class GuestSilent(Exception):
    """The VM does not answer on its address."""


@dataclass(frozen=True, slots=True)
class GuestAnswer:
    """What a guest says of itself. `findings` (of `verify`): what is wrong with its memory and disks."""

    vm: str
    uid: str
    host: str
    boot_id: str
    counter: int
    last_record: int
    origin: str
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outage:
    """A gap between two answers, in seconds and in the clock of time.time()."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class Observer(threading.Thread):
    """Asks a guest every 20 ms. Use as a context manager, or start and stop it."""

    def __init__(self, address: Address) -> None:
        super().__init__(name=f"observer of {address[0]}", daemon=True)
        self._address = address
        self._ended = threading.Event()
        self._answers: list[tuple[float, GuestAnswer]] = []

    def run(self) -> None:
        while not self._ended.wait(PROBE_S):
            try:
                self._answers.append((time.time(), ask(self._address, timeout_s=0.2)))
            except GuestSilent:
                continue

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def __enter__(self) -> Observer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def answers(self) -> list[tuple[float, GuestAnswer]]:
        """(time of the answer, the answer), in order."""
        return list(self._answers)

    def longest_outage(self) -> Outage:
        """Raises ValueError when there were fewer than two answers."""
        return max((Outage(a, b) for (a, _), (b, _) in pairwise(self._answers)), key=lambda outage: outage.seconds)

    def outages(self, least_s: float = 0.2) -> list[Outage]:
        """All gaps of at least this length."""
        gaps = [Outage(a, b) for (a, _), (b, _) in pairwise(self._answers)]
        return [gap for gap in gaps if gap.seconds >= least_s]


def ask(address: Address, *, timeout_s: float = _ANSWER_S) -> GuestAnswer:
    """Raises GuestSilent."""
    return _answer(_exchange(address, "status", timeout_s))


def verify(address: Address) -> GuestAnswer:
    """Have the guest look through its memory and disks. Raises GuestSilent."""
    return _answer(_exchange(address, "verify", _VERIFY_S))


def await_answer(address: Address, timeout_s: float = 10.0) -> GuestAnswer:
    """The first answer within the time. Raises GuestSilent."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return ask(address)
        except GuestSilent:
            if time.monotonic() > deadline:
                raise
            time.sleep(PROBE_S)


def prove(lab: Lab, vm: str, before: GuestAnswer) -> Proof:
    """Whether the running VM is the one that gave `before`, with every byte, in exactly one place."""
    findings = Findings()
    _check_place(lab, vm, findings)
    try:
        now = verify(lab.guest_address(vm))
    except GuestSilent:
        findings.bad.append(f"{vm} does not answer.")
        return findings.proof(vm)
    _check_life(before, now, findings)
    whole = f"{vm} itself finds its memory whole and every record up to number {now.last_record}."
    findings.tell(now.findings, whole)
    findings.tell(_disks(lab, now), f"The disk files on {now.host} hold the same, read without the guest.")
    return findings.proof(vm)


def read_disks(folder: HostFolder, config_path: str, last_record: int) -> list[str]:
    """What is wrong with a VM's disk files, read without its guest; also while it runs."""
    config = read_config(folder.drives.real(config_path))
    findings = []
    for disk in config.disks:
        chain = Chain.open(folder.drives.real(disk.path), folder.drives, writable=False)
        try:
            findings += disk_findings(chain.read, last_record)
        finally:
            chain.close()
    return findings


def _check_place(lab: Lab, vm: str, findings: Findings) -> None:
    places = lab.running(vm)
    findings.add(
        len(places) == 1,
        f"{vm} runs on exactly one host, {places[0] if places else 'none'}.",
        f"{vm} runs on {len(places)} hosts: {', '.join(places) or 'none'}.",
    )
    findings.bad += [f"{vm} was started on {note['second_host']} while it ran already." for note in lab.twice(vm)]


def _check_life(before: GuestAnswer, now: GuestAnswer, findings: Findings) -> None:
    findings.add(
        now.boot_id == before.boot_id,
        f"{now.vm} has not booted since: its boot id is still {now.boot_id[:8]}.",
        f"{now.vm} has booted: its boot id was {before.boot_id[:8]} and is {now.boot_id[:8]}.",
    )
    for name, then, today in (
        ("counter", before.counter, now.counter),
        ("last durable record", before.last_record, now.last_record),
    ):
        sentence = f"The {name} of {now.vm} was {then} and is {today}."
        findings.add(today >= then, sentence, sentence)


def _disks(lab: Lab, now: GuestAnswer) -> Sequence[str]:
    """What is wrong with the disk files where the VM runs."""
    host = lab.host(now.host)
    try:
        return _read_again(host.folder, host.vm(now.uid).config_path, now.last_record)
    except (Refused, KeyError, OSError) as error:
        return [f"The disks of {now.vm} cannot be read on {now.host}: {error}"]


def _read_again(folder: HostFolder, config_path: str, last_record: int) -> list[str]:
    """A merge that ends while we read takes a file away under us: then a later look counts."""
    for _ in range(_LOOKS):
        try:
            return read_disks(folder, config_path, last_record)
        except (Refused, FileNotFoundError):
            time.sleep(_LOOK_AGAIN_S)
    return read_disks(folder, config_path, last_record)


def _exchange(address: Address, word: str, timeout_s: float) -> dict[str, Any]:
    try:
        with socket.create_connection(address, timeout=timeout_s) as connection:
            connection.sendall(f"{word}\n".encode())
            with connection.makefile("r", encoding="utf-8") as lines:
                answer: dict[str, Any] = json.loads(lines.readline())
    except (OSError, ValueError) as error:
        raise GuestSilent(f"nothing answers on {address[0]}:{address[1]}") from error
    return answer


def _answer(fields: dict[str, Any]) -> GuestAnswer:
    return GuestAnswer(**(fields | {"findings": tuple(fields.get("findings", ()))}))
