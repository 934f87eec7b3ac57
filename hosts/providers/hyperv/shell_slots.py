"""How many shells this process holds open on one host: a host allows a user some 30, and other tools need some."""

from __future__ import annotations

import threading
from collections.abc import Callable

_slots: dict[tuple[str, int], ShellSlots] = {}
_slots_lock = threading.Lock()


class ShellSlots:
    """Counts the open shells of one host; the limit comes with each call, so that a changed setting counts at once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = 0
        self._waiting = 0

    def take(self, limit: int, timeout_s: float) -> bool:
        """Take a slot as soon as fewer than `limit` are taken; False when that did not happen in time."""
        with self._changed:
            self._waiting += 1
            try:
                is_free: Callable[[], bool] = lambda: self._taken < limit  # noqa: E731
                if not self._changed.wait_for(is_free, max(0.0, timeout_s)):
                    return False
                self._taken += 1
                return True
            finally:
                self._waiting -= 1

    def give_back(self) -> None:
        with self._changed:
            self._taken -= 1
            self._changed.notify()

    def is_wanted(self) -> bool:
        """Whether another thread waits for a slot."""
        return self._waiting > 0


def slots_of(address: str, port: int) -> ShellSlots:
    """The slots that all connections of this process to this host share."""
    with _slots_lock:
        return _slots.setdefault((address, port), ShellSlots())
