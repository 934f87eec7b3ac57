"""How long a move will take, and how long the VM will not answer. Pure; docs/forecast.md has it with examples.

total  = begin + disks / R + rounds + outage + end
outage = memory / R + last delta / R + standstill
delta  = w * (time in which it was written), at most the disks; each round leaves the smaller of it and its own delta

A round is made only when it saves more outage than it costs, so some changes may be left: see _left_s.

R is the rate of the copy, w the rate at which the VM writes to blocks that are copied already. Every figure is a
range (figures.py): the forecast is worked out three times, with what is likely, the best and the worst of everything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from hosts import units
from migrations_app.figures import Figure, Pace, told

DEADLINE_FACTOR = 3
SLOWEST = 1.0
# A round is worth a word when it takes off at least this part of the outage.
WORTH_SAYING = 0.1


class Term(StrEnum):
    """A part of the time in all; those of the outage are the last but one to three."""

    BEGIN = "Checks and checkpoint"
    DISKS = "Disks"
    ROUNDS = "What is written meanwhile"
    MEMORY = "Memory"
    CHANGES = "Last changes"
    STANDSTILL = "Save, register, restore"
    END = "Verify, merge, clean up"


OUTAGE = (Term.MEMORY, Term.CHANGES, Term.STANDSTILL)
BEFORE = (Term.BEGIN, Term.DISKS, Term.ROUNDS)


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be moved. `rounds`: how often what was written meanwhile is copied before the outage, at most.

    While it is copied: `left_bytes` of what was frozen `since_s` ago. None: all disks, and they are not frozen yet.
    """

    disk_bytes: int
    memory_bytes: int
    is_running: bool
    rounds: int
    left_bytes: int | None = None
    since_s: float = 0.0


class Span(NamedTuple):
    """Seconds."""

    low_s: float
    likely_s: float
    high_s: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """`terms`: seconds of each part. `last_delta_bytes` is what is likely. Sentences: see _reason and _shorter."""

    task: Task
    pace: Pace
    terms: dict[Term, Span]
    last_delta_bytes: int
    reason: str
    shorter: str

    @property
    def outage(self) -> Span:
        return self._sum(OUTAGE)

    @property
    def total(self) -> Span:
        return self._sum(tuple(Term))

    @property
    def before(self) -> Span:
        """Until the outage."""
        return self._sum(BEFORE)

    @property
    def outage_low_s(self) -> float:
        return self.outage.low_s

    @property
    def outage_high_s(self) -> float:
        return self.outage.high_s

    @property
    def total_low_s(self) -> float:
        return self.total.low_s

    @property
    def total_high_s(self) -> float:
        return self.total.high_s

    @property
    def dominant(self) -> Term:
        """The longest part of the outage; of the whole when there is none."""
        return _longest(self.terms, is_running=self.task.is_running)

    @property
    def figures(self) -> list[tuple[str, str, str]]:
        """Name, amount and source of what it was worked out from."""
        return told(self.pace)

    @property
    def outage_terms(self) -> list[tuple[Term, Span]]:
        return [(term, self.terms[term]) for term in OUTAGE]

    @property
    def other_terms(self) -> list[tuple[Term, Span]]:
        return [(term, span) for term, span in self.terms.items() if term not in OUTAGE and span.high_s]

    def _sum(self, terms: tuple[Term, ...]) -> Span:
        return Span(*(sum(self.terms[term][place] for term in terms) for place in range(3)))


def forecast(task: Task, pace: Pace) -> Forecast:
    best, likely, worst = (_course(task, _corner(pace, place)) for place in ("low", "likely", "high"))
    terms = {term: Span(best.seconds[term], likely.seconds[term], worst.seconds[term]) for term in Term}
    delta = likely.last_delta_bytes
    longest = _longest(terms, is_running=task.is_running)
    return Forecast(
        task=task,
        pace=pace,
        terms=terms,
        last_delta_bytes=int(delta),
        reason=_reason(task, pace, terms, longest, delta),
        shorter=_shorter(task, pace, longest, likely) if task.is_running else "",
    )


def deadline_s(outage_high_s: float, at_least_s: float) -> float:
    """How long the outage may last before the source is resumed."""
    return max(at_least_s, DEADLINE_FACTOR * outage_high_s)


@dataclass(frozen=True, slots=True)
class _Corner:
    """One value of each figure of a Pace. `left`: which part of what may be left by rounds that are not made is."""

    left: float
    rate: float
    write_rate: float
    standstill_s: float
    begin_s: float
    round_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class _Course:
    seconds: dict[Term, float]
    last_delta_bytes: float


def _corner(pace: Pace, place: str) -> _Corner:
    """The best of everything ("low"), what is likely, or the worst of everything ("high"): a high rate is the best."""

    def of(figure: Figure, where: str) -> float:
        return float(getattr(figure, where))

    inverse = {"low": "high", "high": "low"}.get(place, place)
    return _Corner(
        left={"low": 0.0, "likely": 0.5, "high": 1.0}[place],
        rate=max(SLOWEST, of(pace.rate, inverse)),
        write_rate=of(pace.write_rate, place),
        standstill_s=of(pace.standstill_s, place),
        begin_s=of(pace.begin_s, place),
        round_s=of(pace.round_s, place),
        end_s=of(pace.end_s, place),
    )


def _course(task: Task, at: _Corner) -> _Course:
    """One way it may go."""
    disks_s = (task.disk_bytes if task.left_bytes is None else task.left_bytes) / at.rate
    seconds = dict.fromkeys(Term, 0.0) | {Term.BEGIN: at.begin_s, Term.DISKS: disks_s, Term.END: at.end_s}
    if not task.is_running:
        return _Course(seconds, 0.0)
    first = delta = min(task.disk_bytes, at.write_rate * (task.since_s + disks_s + at.round_s))
    for _ in range(task.rounds):
        copy_s = delta / at.rate
        seconds[Term.ROUNDS] += min(2 * copy_s, copy_s + at.round_s)
        delta = min(delta, at.write_rate * (copy_s + at.round_s))
    seconds[Term.MEMORY] = task.memory_bytes / at.rate
    seconds[Term.CHANGES] = _left_s(first / at.rate, delta / at.rate, at)
    seconds[Term.STANDSTILL] = at.standstill_s
    return _Course(seconds, seconds[Term.CHANGES] * at.rate)


def _left_s(first_s: float, last_s: float, at: _Corner) -> float:
    """Seconds to send the last changes: from `last_s` with every permitted round to what is left without those that
    are not worth it. With c for what a round costs, delta k is left alone when delta k - delta k + 1 is sent within c;
    then delta k is sent within c (R + w) / (R - w). For the same reason a round takes less than twice its copy.
    """
    is_caught_up = at.rate > at.write_rate
    worth_s = at.round_s * (at.rate + at.write_rate) / (at.rate - at.write_rate) if is_caught_up else first_s
    return last_s + at.left * (max(last_s, min(first_s, worth_s)) - last_s)


def _longest(terms: dict[Term, Span], *, is_running: bool) -> Term:
    return max(OUTAGE if is_running else Term, key=lambda term: terms[term].likely_s)


def _reason(task: Task, pace: Pace, terms: dict[Term, Span], longest: Term, delta: float) -> str:
    """What takes most of the outage, and where the rate comes from."""
    among = OUTAGE if task.is_running else tuple(Term)
    all_s = sum(terms[term].likely_s for term in among)
    part = "Most" if terms[longest].likely_s > all_s / 2 else "The largest part"
    whole = "the outage" if task.is_running else "the time"
    source = f"the limit of {units.rate(pace.limit)}" if pace.limit else pace.rate.source
    return f"{part} of {whole} is {_told(longest, task, pace, terms, delta)}; the rate is {source}."


def _told(term: Term, task: Task, pace: Pace, terms: dict[Term, Span], delta: float) -> str:
    rate = units.rate(pace.rate.likely)
    if term is Term.MEMORY:
        return f"sending {units.memory(task.memory_bytes >> 20)} of memory at {rate}"
    if term is Term.CHANGES:
        return f"sending {units.size(delta)} of last changes at {rate}"
    if term is Term.DISKS:
        return f"sending {units.size(task.disk_bytes)} of disks at {rate}"
    took = units.duration(terms[term].likely_s)
    if term is Term.STANDSTILL:
        return f"saving, registering and restoring, about {took} beside what is sent at {rate}"
    return f"what is done before and after the copy, about {took}, beside what is sent at {rate}"


def _shorter(task: Task, pace: Pace, longest: Term, likely: _Course) -> str:
    """What would make the outage shorter, the most useful first."""
    if longest is Term.STANDSTILL:
        return "Faster disks in both hosts would make it shorter; a faster link hardly."
    link = "a higher bandwidth limit" if pace.limit else "a faster link"
    if longest is Term.MEMORY:
        return f"{link.capitalize()} or less memory would make it shorter."
    if pace.write_rate.likely >= pace.rate.likely:
        return f"It writes as fast as it is copied: {link} or a time when it writes less helps, another round does not."
    if saved := _saved_by_a_round(task, pace, likely):
        return f"Another delta round would take about {units.duration(saved)} off it; so would {link}."
    return f"{link.capitalize()} or a time when it writes less would make it shorter."


def _saved_by_a_round(task: Task, pace: Pace, likely: _Course) -> float:
    """Seconds; 0 when it is not worth a word."""
    more = _course(replace(task, rounds=task.rounds + 1), _corner(pace, "likely"))
    saved = likely.seconds[Term.CHANGES] - more.seconds[Term.CHANGES]
    return saved if saved > WORTH_SAYING * sum(likely.seconds[term] for term in OUTAGE) else 0.0
