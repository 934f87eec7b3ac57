"""Merging inside a running guest: one layer at a time, in the background, stopped when the guest is saved."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from lab.hyperv.chain import Chain, MergeStopped
from lab.hyperv.refusal import Refused


class Merging:
    """At most one merge; the host asks for the next when this one is done."""

    def __init__(self, chains: list[Chain]) -> None:
        self._chains = chains
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._state = "idle"
        self._error = ""

    def begin(self, disk: int, parent: Path) -> None:
        """Fold the layer above `parent` into it; nothing when a merge goes on."""
        if self._state == "merging":
            return
        self._stop.clear()
        self._state, self._error = "merging", ""
        self._thread = threading.Thread(target=self._merge, args=(self._chains[disk], parent), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End a merge that goes on, and wait for it; it can be begun again by the next life of this guest."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def state(self) -> dict[str, Any]:
        return {"state": self._state, "error": self._error}

    def _merge(self, chain: Chain, parent: Path) -> None:
        try:
            chain.merge_into(parent, self._stop)
        except (Refused, MergeStopped, OSError) as error:
            self._state, self._error = "failed", str(error)
        else:
            self._state = "merged"
