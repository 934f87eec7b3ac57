"""What a step is given, in the in-memory world, without a job around it."""

from __future__ import annotations

from collections.abc import Callable

from hosts.connect import connect_mover
from hosts.providers.claims import Claim
from migrations_app.engine.step import Context, Copied
from tests.fakes.moves import Move

TAG = "ferry-7"


class Waits:
    """A Progress that counts, and does something at every wait or at the first one only."""

    def __init__(self, at_wait: Callable[[], None] | None = None, *, is_once: bool = False) -> None:
        self.count = 0
        self._is_once = is_once
        self.reported = (0, 0)
        self.limit = 0
        self._at_wait = at_wait

    def report(self, bytes_done: int, bytes_total: int) -> None:
        self.reported = (bytes_done, bytes_total)

    def say(self, text: str) -> None:
        raise AssertionError(text)

    def keep(self, result: Copied) -> None:
        raise AssertionError(result)

    def limit_bytes_per_s(self) -> int:
        return self.limit

    def wait(self, at_most_s: float) -> None:
        del at_most_s
        self.count += 1
        if self._at_wait and not (self._is_once and self.count > 1):
            self._at_wait()


def context(move: Move, waits: Waits) -> Context:
    source, target = (connect_mover(row) for row in move.rows)
    for host in (source, target):
        host.claim(Claim("7-1767225600", fence=1))
    return Context(TAG, move.plan(), source, target, waits, (), list)
