"""A guest that writes while it is moved, and the clock by which the engine measures that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from tests.fakes.host import FakeHost
from tests.fakes.moves import Move


class BusyGuest:
    """WEB01 writes `writes_per_s` bytes a second to its disk, the link carries `link_per_s`, a checkpoint takes
    `checkpoint_s`. Time passes only where the hosts work: nothing here waits. `at_copy` happens after every copy."""

    def __init__(
        self, move: Move, monkeypatch: pytest.MonkeyPatch, *, writes_per_s: int, link_per_s: int, disk_bytes: int
    ) -> None:
        self.writes_per_s = writes_per_s
        self.checkpoint_s = 1.0
        self.at_copy = _nothing
        self._move = move
        self._link_per_s = link_per_s
        self._passed = timedelta()
        began_at = timezone.now()
        monkeypatch.setattr(timezone, "now", lambda: began_at + self._passed)
        base = move.before.disks[0].layers[0].path
        move.source.files[base] += bytes(disk_bytes - len(move.source.files[base]))
        _each_time(move.source, "checkpoint", lambda: self.let_pass(self.checkpoint_s))
        _each_time(move.source, "start_works", self._copy)

    @property
    def now(self) -> datetime:
        return timezone.now()

    def let_pass(self, seconds: float) -> None:
        """Time goes by, and the guest writes."""
        self._passed += timedelta(seconds=seconds)
        vm = self._move.source.vms.get(self._move.before.uid)
        if vm is not None and vm.state == "running":
            self._move.source.files[vm.disks[0].layers[-1].path] += bytes(int(seconds * self.writes_per_s))

    def sleep_until(self, at: datetime) -> None:
        self.let_pass(max(0.0, (at - self.now).total_seconds()))

    def _copy(self) -> None:
        """What is not on the target yet travels now."""
        vm, there = self._move.source.vms[self._move.before.uid], set(self._move.target.files)
        frozen = [layer.path for layer in vm.disks[0].layers[:-1]]
        size = sum(len(self._move.source.files[path]) for path in frozen if path not in there)
        self.let_pass(size / self._link_per_s)
        self.at_copy()


def _nothing() -> None:
    """Nobody intervenes."""


def _each_time(host: FakeHost, verb: str, wish: Callable[[], None]) -> None:
    """Whenever the verb is called, before it acts."""

    def again() -> None:
        host.on_call[verb] = again
        wish()

    host.on_call[verb] = again
