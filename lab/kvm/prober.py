"""Watches a VM from outside while it moves: UDP every 5 ms and one TCP connection that must live through it."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

from lab.kvm.layout import VmEntry

PROBE_S = 0.005
_TCP_PROBE_S = 0.02
_TCP_CONNECT_S = 5.0
_TCP_RECOVERY_S = 60.0  # retransmission backs off: after an outage of 3 s the next segment may come 3 s later
_PATIENCE_S = 0.1
_LAST_ANSWERS_S = 0.2


@dataclass(frozen=True, slots=True)
class Gap:
    """Between two answers, in seconds and in the clock of time.time()."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """`outage` is the longest gap of UDP; a VM that did not come back has one up to the end of the watch.

    `went_back` says where a counter was lower than in an answer to an earlier question: that VM was set back
    or ran twice. `tcp_error` is why the connection broke, if it did.
    """

    answers: int
    outage: Gap
    gaps: tuple[Gap, ...]
    boot_ids: tuple[str, ...]
    went_back: tuple[str, ...]
    tcp_answers: int
    tcp_longest_gap_s: float
    tcp_error: str | None

    @property
    def is_whole(self) -> bool:
        """One life, counted on without a break, and TCP came through."""
        return len(self.boot_ids) == 1 and not self.went_back and self.tcp_error is None


class Prober:
    """Use as a context manager; `report` is there when it has ended."""

    def __init__(self, vm: VmEntry) -> None:
        self._vm = vm
        self._ended = threading.Event()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._answers: list[tuple[float, dict[str, Any]]] = []
        self._tcp_times: list[float] = []
        self._tcp_error: str | None = None
        self._stopped_at = 0.0

    def __enter__(self) -> Self:
        """Raises OSError when the VM does not answer now."""
        self._udp.settimeout(_PATIENCE_S)
        self._tcp = socket.create_connection((self._vm.address, self._vm.tcp_port), _TCP_CONNECT_S)
        self._tcp.settimeout(_TCP_RECOVERY_S)
        self._threads = [threading.Thread(target=work) for work in (self._send, self._receive, self._talk)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped_at = time.time()
        self._ended.set()
        for thread in self._threads:
            thread.join()
        self._udp.close()
        self._tcp.close()

    def answers(self) -> int:
        """How many came up to now."""
        return len(self._answers)

    def report(self) -> ProbeReport:
        """Raises ValueError when nothing ever answered."""
        if not self._answers:
            raise ValueError(f"{self._vm.name} never answered")
        times = [at for at, _ in self._answers]
        gaps = [Gap(a, b) for a, b in pairwise([*times, max(self._stopped_at, times[-1])])]
        tcp_gaps = [b - a for a, b in pairwise(self._tcp_times)]
        return ProbeReport(
            answers=len(times),
            outage=max(gaps, key=lambda gap: gap.seconds),
            gaps=tuple(gap for gap in gaps if gap.seconds >= _PATIENCE_S),
            boot_ids=tuple(sorted({fields["boot_id"] for _, fields in self._answers})),
            went_back=tuple(_steps_back([fields for _, fields in self._answers])),
            tcp_answers=len(self._tcp_times),
            tcp_longest_gap_s=max(tcp_gaps, default=0.0),
            tcp_error=self._tcp_error,
        )

    def _send(self) -> None:
        number, due = 0, time.monotonic()
        while not self._ended.wait(max(0.0, due - time.monotonic())):
            with suppress(OSError):  # no way to it just now: an outage like any other
                self._udp.sendto(b"%d" % number, (self._vm.address, self._vm.udp_port))
            number, due = number + 1, due + PROBE_S

    def _receive(self) -> None:
        while not self._ended.is_set() or time.time() < self._stopped_at + _LAST_ANSWERS_S:
            try:
                answer = self._udp.recv(2048)
            except OSError:
                continue
            if not self._ended.is_set():
                self._answers.append((time.time(), json.loads(answer)))

    def _talk(self) -> None:
        with self._tcp.makefile("rw", encoding="ascii") as lines:
            while not self._ended.wait(_TCP_PROBE_S):
                try:
                    lines.write("tcp\n")
                    lines.flush()
                    is_answered = bool(lines.readline())
                except OSError as error:
                    self._tcp_error = str(error)
                    return
                if not is_answered:
                    self._tcp_error = "The VM closed the connection."
                    return
                self._tcp_times.append(time.monotonic())


def _steps_back(answers: list[dict[str, Any]]) -> list[str]:
    """Answers may overtake each other on their way, so they are put in the order of the questions."""
    found = []
    in_order = sorted(answers, key=lambda fields: int(fields["id"]))
    for a, b in pairwise(in_order):
        if b["counter"] < a["counter"]:
            found.append(f"The counter went from {a['counter']} to {b['counter']}.")
        for index, (then, now) in enumerate(zip(a["records"], b["records"], strict=True)):
            if now < then:
                found.append(f"The last record of disk {index} went from {then} to {now}.")
    return found
