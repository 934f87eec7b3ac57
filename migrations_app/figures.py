"""What a forecast goes by: each figure with its range and where it comes from. Pure; docs/forecast.md says it in words.

A figure is measured on earlier moves, the nearest kind there is: between the same hosts, from or to one of them,
between others. Where nothing was measured it is assumed. The less is known, the wider its range.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from hosts import units

LATEST = 20
ENOUGH = 8
WIDER_ALWAYS = 1.1
WIDER_FOR_FEW = 0.5


class Origin(Enum):
    """Where a figure comes from: a phrase for `count` moves, and the factor by which its range is wider for it."""

    THIS_JOB = ("measured in this job", 1.0)
    BETWEEN = ("measured on {moves} between these hosts", 1.0)
    OF_THE_VM = ("measured on {moves} of this virtual machine", 1.5)
    OF_ONE = ("measured on {moves} from or to one of these hosts", 1.25)
    ELSEWHERE = ("measured on {moves} between other hosts", 1.6)
    ASSUMED = ("assumed, as nothing is measured yet", 1.0)

    def __init__(self, phrase: str, wider: float) -> None:
        self.phrase = phrase
        self.wider = wider


@dataclass(frozen=True, slots=True)
class Figure:
    """What is likely, and the range around it, all in the same unit; `count`: measured on so many moves."""

    low: float
    likely: float
    high: float
    origin: Origin = Origin.ASSUMED
    count: int = 0

    @property
    def source(self) -> str:
        """ "measured on 3 earlier moves between these hosts"."""
        return self.origin.phrase.format(moves=f"{self.count} earlier move{'' if self.count == 1 else 's'}")

    def at_most(self, limit: float) -> Figure:
        return replace(self, low=min(self.low, limit), likely=min(self.likely, limit), high=min(self.high, limit))

    def at_least(self, least: float) -> Figure:
        return replace(self, low=max(self.low, least), likely=max(self.likely, least), high=max(self.high, least))

    def plus(self, low: float, likely: float, high: float) -> Figure:
        return replace(self, low=self.low + low, likely=self.likely + likely, high=self.high + high)


def measured(values: Sequence[float], origin: Origin) -> Figure:
    """From at least one value: the median, and the range in which four of five lie, or all while they are few.

    The range is made wider by 10 % and, shared by the number of values, by 50 %; and as `origin` says.
    """
    wider = (WIDER_ALWAYS + WIDER_FOR_FEW / len(values)) * origin.wider
    low, high = min(values), max(values)
    if len(values) >= ENOUGH:
        tenths = statistics.quantiles(values, n=10, method="inclusive")
        low, high = tenths[0], tenths[-1]
    return Figure(low / wider, statistics.median(values), high * wider, origin, len(values))


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a move goes; rates in bytes per second, times in seconds.

    `write_rate`: how fast the VM writes to blocks that are copied already. `standstill_s`: the outage beside what is
    sent over the network: to save, register and restore. `begin_s`: until the copy begins. `round_s`: a round beside
    its copy. `end_s`: after the outage. `limit`: the rate is held down to it; 0: it is not.
    """

    rate: Figure
    write_rate: Figure
    standstill_s: Figure
    begin_s: Figure
    round_s: Figure
    end_s: Figure
    limit: int = 0

    def limited(self, *limits: int) -> Pace:
        """With the least of these limits, bytes per second; 0 is none."""
        least = min((limit for limit in limits if limit > 0), default=0)
        is_felt = 0 < least < self.rate.high
        return replace(self, rate=self.rate.at_most(least), limit=least) if is_felt else self


ASSUMED_RATE = Figure(30e6, 60e6, 120e6)
ASSUMED_WRITE_RATE = Figure(0.05e6, 1e6, 5e6)
ASSUMED_BEGIN_S = Figure(1, 4, 15)
ASSUMED_ROUND_S = Figure(0.5, 2, 6)
ASSUMED_END_S = Figure(2, 6, 30)
ASSUMED_FIXED_S = Figure(1, 3, 8)
ASSUMED_STATE_RATE = Figure(100e6, 250e6, 2000e6)


def assumed_standstill(memory_bytes: int) -> Figure:
    """A fixed time, and the memory once to the disk of the source and once from the disk of the target."""
    slow, likely, fast = ASSUMED_STATE_RATE.low, ASSUMED_STATE_RATE.likely, ASSUMED_STATE_RATE.high
    return ASSUMED_FIXED_S.plus(memory_bytes / fast, memory_bytes / likely, memory_bytes / slow)


def assumed_pace(memory_bytes: int) -> Pace:
    return Pace(
        rate=ASSUMED_RATE,
        write_rate=ASSUMED_WRITE_RATE,
        standstill_s=assumed_standstill(memory_bytes),
        begin_s=ASSUMED_BEGIN_S,
        round_s=ASSUMED_ROUND_S,
        end_s=ASSUMED_END_S,
    )


def told(pace: Pace) -> list[tuple[str, str, str]]:
    """Name, amount and source of each figure, for a table."""
    rates = [("Copy rate", pace.rate), ("Writes to copied blocks", pace.write_rate)]
    times = [
        ("Save, register, restore", pace.standstill_s),
        ("Checks and checkpoint", pace.begin_s),
        ("A round beside its copy", pace.round_s),
        ("Verify, merge, clean up", pace.end_s),
    ]
    lines = [
        (name, f"{units.rate(each.likely)} ({units.rate(each.low)} to {units.rate(each.high)})", each.source)
        for name, each in rates
    ]
    return lines + [
        (name, f"{units.duration(each.likely)} ({units.span(each.low, each.high)})", each.source)
        for name, each in times
    ]
