"""Many websocket watchers of one job in one process: how long after it was written an event reaches each of them.

A process of its own, without Django: autobahn speaks either asyncio or Twisted in one process, and daphne took Twisted.
Usage: python -m scripts.benchmarks.watchers ADDRESS SESSION_KEY JOB WATCHERS SECONDS; prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol

TICK = re.compile(rb"tick (\d+\.\d+)")
OPEN_AT_A_TIME = 20
CONNECT_WITHIN_S = 60.0
SETTLE_S = 5.0


@dataclass
class Tally:
    """Delays in seconds of every delivery of an event that was written between `began` and `ended` (time.time())."""

    began: float = float("inf")
    ended: float = float("inf")
    greeted: int = 0
    closed: int = 0
    delays_s: list[float] = field(default_factory=list)


def main() -> None:
    address, session_key, job, watchers, seconds = sys.argv[1:]
    tally = asyncio.run(_watch(address, session_key, job, int(watchers), float(seconds)))
    print(json.dumps(tally.__dict__))


async def _watch(address: str, session_key: str, job: str, watchers: int, seconds: float) -> Tally:
    """Connect all, then count what arrives for so many seconds."""
    tally = Tally()
    host, port = address.split(":")
    factory: Any = WebSocketClientFactory(f"ws://{address}/ws/jobs/{job}/", origin=f"http://{address}")  # type: ignore[no-untyped-call]
    factory.headers = {"Cookie": f"sessionid={session_key}"}
    factory.protocol = lambda: Watcher(tally)
    loop = asyncio.get_running_loop()
    for begun in range(0, watchers, OPEN_AT_A_TIME):
        count = min(OPEN_AT_A_TIME, watchers - begun)
        await asyncio.gather(*(loop.create_connection(factory, host, int(port)) for _ in range(count)))
        await _until_greeted(tally, begun + count)
    await asyncio.sleep(SETTLE_S)
    tally.began = time.time()
    tally.ended = tally.began + seconds
    await asyncio.sleep(seconds + SETTLE_S)
    return tally


async def _until_greeted(tally: Tally, count: int) -> None:
    """Until so many watchers have been sent the page's present state, as every page is first of all."""
    deadline = time.monotonic() + CONNECT_WITHIN_S
    while tally.greeted + tally.closed < count and time.monotonic() < deadline:
        await asyncio.sleep(0.01)


class Watcher(WebSocketClientProtocol):
    """One page that watches the job: asks for all events after the ones it has, like the page's script."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._tally = tally
        self._last = 0.0
        self._is_greeted = False

    def onOpen(self) -> None:  # noqa: N802 - autobahn's name
        self.sendMessage(b'{"since": 0}')  # type: ignore[no-untyped-call]

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:  # noqa: N802, N803
        del wasClean, code, reason
        self._tally.closed += 1

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        """A frame may bear several events; each counts once."""
        del isBinary
        now, tally = time.time(), self._tally
        tally.greeted += not self._is_greeted
        self._is_greeted = True
        ticks = [float(text) for text in TICK.findall(payload)]
        fresh = [written for written in ticks if written > self._last]
        self._last = max([self._last, *ticks])
        tally.delays_s += [now - written for written in fresh if tally.began <= written < tally.ended]


if __name__ == "__main__":
    main()
