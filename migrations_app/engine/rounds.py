"""Whether another delta round is worth it. Pure arithmetic on what the journal has measured.

A round makes a checkpoint and copies what was written since the last one, while the VM runs. With U bytes waiting, a
copy rate R, a write rate w and a fixed cost t of a round, the round lasts t + U/R, and w (t + U/R) bytes are written
meanwhile. Without it the outage is longer by U/R, with it by what is left then; the difference is what it saves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hosts import units

ROUNDS_AT_MOST = 8
UNMEASURED_COPY_RATE = 60_000_000
UNMEASURED_CHECKPOINT_S = 5.0
CHECKPOINT_AT_MOST_S = 30.0
COPY_START_S = 1.0
SHORTEST_S = 0.001

FREEZING = ("checkpoint", "checkpoint-delta")
COPYING = ("copy", "copy-delta")


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What the journal knows of an earlier step of the job. `note` says why it was skipped.

    Of the step that holds: `looks` are the times at which it looked whether to copy what was written, `frozen_at` is
    its last checkpoint.
    """

    key: str
    began_at: datetime | None = None
    ended_at: datetime | None = None
    bytes_done: int = 0
    is_skipped: bool = False
    note: str = ""
    frozen_at: datetime | None = None
    looks: tuple[datetime, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it took; 0 while that is not known."""
        if self.began_at is None or self.ended_at is None:
            return 0.0
        return max(SHORTEST_S, (self.ended_at - self.began_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Figures:
    """What a round is decided by. `waiting_bytes` were written since the last checkpoint; `round_cost_s` is what a
    round takes beside the copying itself."""

    waiting_bytes: float
    write_bytes_per_s: float
    copy_bytes_per_s: float
    round_cost_s: float

    @property
    def round_s(self) -> float:
        """How long a round lasts that begins now."""
        return self.round_cost_s + self.waiting_bytes / self.copy_bytes_per_s

    @property
    def left_bytes(self) -> float:
        """What waits when it has ended."""
        return self.write_bytes_per_s * self.round_s

    @property
    def saves_s(self) -> float:
        """By how much it shortens the outage; negative when it would make it longer."""
        return (self.waiting_bytes - self.left_bytes) / self.copy_bytes_per_s


def why_no_round(figures: Figures) -> str:
    """Why another round is not worth it, with the figures; empty when it is."""
    write, copy = figures.write_bytes_per_s, figures.copy_bytes_per_s
    if not figures.waiting_bytes:
        return "Nothing was written since the last checkpoint."
    if write >= copy:
        return f"{units.rate(write)} are written and {units.rate(copy)} copied: another round would not catch up."
    if figures.saves_s <= figures.round_cost_s:
        saved = f"{units.duration(figures.saves_s)} of outage" if figures.saves_s > 0 else "nothing"
        waiting, cost = units.size(figures.waiting_bytes), units.duration(figures.round_cost_s)
        return f"{waiting} are left: another round would save {saved} and cost {cost} itself."
    return ""


def what_it_saved(copied_bytes: float, left_bytes: float, copy_bytes_per_s: float) -> str:
    """A finished round, in a sentence."""
    saved_s = (copied_bytes - left_bytes) / copy_bytes_per_s
    would, are = units.size(copied_bytes), units.size(left_bytes)
    if saved_s <= 0:
        return f"Saves no outage: {would} would be left, {are} are."
    return f"Saves {units.duration(saved_s)} of outage: {would} would be left, {are} are."


def measured(past: Sequence[StepRecord], waiting_bytes: int, now: datetime) -> Figures:
    """From the steps that are over. What was not measured yet is assumed."""
    frozen_at = last_frozen_at(past)
    since_s = max(SHORTEST_S, (now - frozen_at).total_seconds()) if frozen_at else SHORTEST_S
    return Figures(waiting_bytes, waiting_bytes / since_s, copy_rate(past), _round_cost_s(past))


def copy_rate(past: Sequence[StepRecord]) -> float:
    """Bytes per second of the largest copy so far: the others are mostly beginning and end."""
    copies = [each for each in past if each.key in COPYING and each.bytes_done and each.seconds]
    if not copies:
        return UNMEASURED_COPY_RATE
    largest = max(copies, key=lambda each: each.bytes_done)
    return largest.bytes_done / largest.seconds


def last_frozen_at(past: Sequence[StepRecord]) -> datetime | None:
    """When the last checkpoint was made."""
    made = [each.ended_at for each in past if each.key in FREEZING and not each.is_skipped]
    times = [at for at in (*made, *(each.frozen_at for each in past)) if at is not None]
    return max(times, default=None)


def _round_cost_s(past: Sequence[StepRecord]) -> float:
    """The quickest checkpoint and the start of a copy. A checkpoint that was interrupted by a crash looks long, and
    must not keep the job from its rounds: hence the quickest, and a ceiling."""
    taken = [each.seconds for each in past if each.key in FREEZING and each.seconds and not each.is_skipped]
    return min([*taken, CHECKPOINT_AT_MOST_S]) + COPY_START_S if taken else UNMEASURED_CHECKPOINT_S + COPY_START_S
