"""Asks one target in a steady rhythm, in a thread of its own that knows no database."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from migrations_app.probing.asking import ANSWER_S, ask
from migrations_app.probing.runs import Outcome, Run, add_outcome
from migrations_app.probing.targets import Answer, Target

NEAR_S = 0.1
FAR_S = 1.0

Question = tuple[datetime, asyncio.Task[tuple[Answer, datetime]]]


class Prober:
    """Asks every NEAR_S while `is_near`, otherwise every FAR_S; a question without an answer delays no other."""

    def __init__(self, target: Target, is_near: Callable[[], bool]) -> None:
        self._target = target
        self._is_near = is_near
        self._runs: list[Run] = []
        self._asked: deque[Question] = deque()
        self._end = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._ask_on()), name=f"probe {target}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join(timeout=ANSWER_S)

    def runs(self) -> list[Run]:
        """What was found so far; what was asked less than ANSWER_S ago may be missing."""
        return list(self._runs)

    async def _ask_on(self) -> None:
        due = time.monotonic()
        sent_at = due - FAR_S
        while not self._end.is_set():
            if self._is_near() or due - sent_at >= FAR_S - NEAR_S / 2:
                sent_at = due
                self._asked.append((datetime.now(UTC), asyncio.create_task(self._ask())))
            self._settle()
            due = max(due + NEAR_S, time.monotonic())
            await asyncio.sleep(due - time.monotonic())

    async def _ask(self) -> tuple[Answer, datetime]:
        return await ask(self._target), datetime.now(UTC)

    def _settle(self) -> None:
        """Fold what is decided, in the order in which it was asked."""
        while self._asked and self._asked[0][1].done():
            sent_at, asked = self._asked.popleft()
            answer, at = asked.result()
            if answer is not Answer.UNASKED:
                add_outcome(self._runs, Outcome(sent_at, at if self._target.is_up(answer) else None))
