"""A worker's right to change hosts for one job: which of its calls is the later one, and how long a call may take."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

CALLS_OF_A_FENCE = 10**9
# Long enough for a script to get to what it is for: a start cut off between its note and itself cannot be undone.
CALL_AT_LEAST_S = 15.0


class Claim:
    """One for all connections of a worker, so that its numbers grow whichever of them it calls.

    `job` names the job on its hosts for ever, such as "71-1767225600": number and birth, because a Ferry that is set up
    anew counts its jobs from 1 again. `fence` is the lease's: it grows with every worker that takes the job up.
    `left_s` says how many seconds a call may last at most from now on; None is as long as it takes.
    """

    def __init__(self, job: str, fence: int, left_s: Callable[[], float | None] = lambda: None) -> None:
        self.job = job
        self._fence = fence
        self._left_s = left_s
        self._calls = count(1)

    def next_call(self) -> int:
        """A number higher than that of every call before, of this worker and of all workers before it."""
        return self._fence * CALLS_OF_A_FENCE + next(self._calls)

    def bounded_s(self, deadline_s: float) -> float:
        """`deadline_s`, or what is left if that is less, but no less than CALL_AT_LEAST_S."""
        left_s = self._left_s()
        return deadline_s if left_s is None else min(deadline_s, max(CALL_AT_LEAST_S, left_s))
