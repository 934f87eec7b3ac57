"""Probes folded into runs of one outcome, and runs read as outages. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

UNOBSERVED_AFTER = timedelta(seconds=3)


class Span(Protocol):
    """A Run, or its row."""

    @property
    def began_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime: ...
    @property
    def is_up(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """One probe; `answered_at` is None for one that was not answered in time."""

    sent_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Run:
    """`probes` in a row with the same outcome: from the first to the last that was sent.

    A run of answers begins with the answer, not with its question, which may have waited for the VM.
    """

    began_at: datetime
    ended_at: datetime
    is_up: bool
    probes: int = 1


@dataclass(frozen=True, slots=True)
class Outage:
    """From the last answer before to the first answer after; `ended_at` is None while nobody answers.

    `least_s`: so long nobody answered for certain, from the first to the last probe that was not answered.
    """

    began_at: datetime
    ended_at: datetime | None
    least_s: float
    last_probe_at: datetime

    @property
    def length_s(self) -> float:
        """The longest it can have been; until the last probe while it lasts."""
        return ((self.ended_at or self.last_probe_at) - self.began_at).total_seconds()

    @property
    def resolution_s(self) -> float:
        """By so much it may have been shorter."""
        return max(0.0, self.length_s - self.least_s)

    def overlap_s(self, began_at: datetime, ended_at: datetime) -> float:
        """Below 0: the distance."""
        return (min(self.ended_at or self.last_probe_at, ended_at) - max(self.began_at, began_at)).total_seconds()


def add_outcome(runs: list[Run], outcome: Outcome) -> None:
    """Append a probe, sent after all before it: the last run grows, or another begins. So does one after a pause,
    in which nobody looked."""
    is_up = outcome.answered_at is not None
    last = runs[-1] if runs else None
    if last and last.is_up == is_up and outcome.sent_at - last.ended_at <= UNOBSERVED_AFTER:
        runs[-1] = replace(last, ended_at=max(last.ended_at, outcome.sent_at), probes=last.probes + 1)
        return
    began_at = outcome.answered_at or outcome.sent_at
    runs.append(Run(began_at, began_at, is_up))


def outages(spans: Sequence[Span]) -> list[Outage]:
    """Every stretch without an answer, in order; `spans` in the order they began."""
    found: list[Outage] = []
    last_up: Span | None = None
    silent: list[Span] = []
    for span in spans:
        if not span.is_up:
            silent.append(span)
            continue
        if silent:
            found.append(_outage(last_up, silent, span.began_at))
        last_up, silent = span, []
    return [*found, _outage(last_up, silent, None)] if silent else found


def outage_within(found: Iterable[Outage], began_at: datetime, ended_at: datetime) -> Outage | None:
    """The longest that touches this time; None where all was answered."""
    touching = [outage for outage in found if outage.overlap_s(began_at, ended_at) >= 0]
    return max(touching, key=lambda outage: outage.length_s, default=None)


def _outage(before: Span | None, silent: Sequence[Span], ended_at: datetime | None) -> Outage:
    first, last = silent[0].began_at, silent[-1].ended_at
    least_s = (last - first).total_seconds()
    return Outage(before.ended_at if before else first, ended_at, least_s, last)
