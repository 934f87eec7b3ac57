"""A stretch of time as a strip of cells, and the whole of a long job as a line: places in percent, for SVG. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from math import ceil
from typing import Literal

from migrations_app.probing.runs import UNOBSERVED_AFTER, Outage, Span

CELLS = 120
CELLS_AT_LEAST = 60
CELLS_OF_WHOLE = 300
CELL_LENGTHS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
BESIDE_OUTAGE = 1.25
NEAR_EDGE_PERCENT = 8

State = Literal["up", "down", "unseen"]
WORDS: dict[State, str] = {"up": "Answers", "down": "Does not answer", "unseen": "Nobody looked"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring cells of one state."""

    state: State
    x_percent: float
    width_percent: float
    began_at: datetime
    ended_at: datetime

    @property
    def word(self) -> str:
        return WORDS[self.state]


@dataclass(frozen=True, slots=True)
class Mark:
    """A time that is pointed out; `x_percent` is where it begins."""

    x_percent: float
    width_percent: float

    @property
    def end_percent(self) -> float:
        return round(self.x_percent + self.width_percent, 2)

    @property
    def middle_percent(self) -> float:
        return round(self.x_percent + self.width_percent / 2, 2)

    @property
    def anchor(self) -> str:
        """The side of a text at the middle that keeps it inside of the picture."""
        if self.middle_percent < NEAR_EDGE_PERCENT:
            return "start"
        return "end" if self.middle_percent > 100 - NEAR_EDGE_PERCENT else "middle"


@dataclass(frozen=True, slots=True)
class Window:
    """What a strip shows: `cells` of `cell_s` seconds."""

    began_at: datetime
    cell_s: float
    cells: int

    @property
    def ended_at(self) -> datetime:
        return self.began_at + timedelta(seconds=self.cell_s * self.cells)

    @property
    def cell_part(self) -> float:
        """How much of the whole a cell is."""
        return round(1 / self.cells, 6)

    def percent(self, at: datetime) -> float:
        """Where this moment is; what is outside comes to the edge."""
        part = (at - self.began_at).total_seconds() / (self.cell_s * self.cells)
        return round(100 * min(1.0, max(0.0, part)), 2)

    def mark(self, began_at: datetime, ended_at: datetime) -> Mark | None:
        """None for what is outside."""
        if ended_at < self.began_at or began_at > self.ended_at:
            return None
        begin = self.percent(began_at)
        return Mark(begin, round(self.percent(ended_at) - begin, 2))


def window_of(spans: Sequence[Span], outage: Outage | None) -> Window:
    """A cell a second for the whole of a short job, otherwise around the outage, or up to now while there is none.

    An outage that is too long for that gets longer cells.
    """
    first, last = spans[0].began_at, spans[-1].ended_at
    watched_s = ceil((last - first).total_seconds()) + 1
    if watched_s <= CELLS:
        return Window(first, 1, max(CELLS_AT_LEAST, watched_s))
    cell_s = _cell_length_s(outage.length_s if outage else 0.0)
    shown = timedelta(seconds=cell_s * CELLS)
    middle = outage.began_at + timedelta(seconds=outage.length_s / 2) if outage else last
    latest = max(first, last - shown + timedelta(seconds=cell_s))
    return Window(min(max(first, middle - shown / 2), latest), cell_s, CELLS)


def stretches(spans: Sequence[Span], window: Window) -> list[Stretch]:
    """The cells up to the last probe, neighbours of one state together. A cell is down in which any probe was not
    answered, and unseen in which nobody looked."""
    reaching = _reaching(spans)
    edges = [window.began_at + timedelta(seconds=window.cell_s * number) for number in range(window.cells + 1)]
    shown = [(begin, end) for begin, end in pairwise(edges) if begin <= spans[-1].ended_at]
    cells = [(_state(reaching, begin, end), begin, end) for begin, end in shown]
    return [_stretch(state, list(same), window) for state, same in groupby(cells, key=lambda cell: cell[0])]


def whole(spans: Sequence[Span]) -> Window:
    """From the first probe to the last, in cells that are too narrow to be told apart."""
    watched_s = (spans[-1].ended_at - spans[0].began_at).total_seconds()
    return Window(spans[0].began_at, max(1.0, watched_s) / CELLS_OF_WHOLE, CELLS_OF_WHOLE)


Reach = tuple[datetime, datetime, bool]


def _reaching(spans: Sequence[Span]) -> list[Reach]:
    """Begin, end and outcome of each; a span reaches to the next one unless nobody looked between them."""
    ends = [
        after.began_at if after.began_at - before.ended_at <= UNOBSERVED_AFTER else before.ended_at
        for before, after in pairwise(spans)
    ]
    begins = [span.began_at for span in spans]
    return list(zip(begins, [*ends, spans[-1].ended_at], [span.is_up for span in spans], strict=True))


def _state(reaching: Iterable[Reach], begin: datetime, end: datetime) -> State:
    found = {is_up for began_at, ended_at, is_up in reaching if began_at < end and ended_at >= begin}
    if not found:
        return "unseen"
    return "up" if found == {True} else "down"


def _stretch(state: State, cells: Sequence[tuple[State, datetime, datetime]], window: Window) -> Stretch:
    began_at, ended_at = cells[0][1], cells[-1][2]
    x_percent = window.percent(began_at)
    return Stretch(state, x_percent, round(window.percent(ended_at) - x_percent, 2), began_at, ended_at)


def _cell_length_s(outage_s: float) -> int:
    """The shortest with which the outage and something beside it fit."""
    fitting = (cell_s for cell_s in CELL_LENGTHS_S if outage_s * BESIDE_OUTAGE <= cell_s * CELLS)
    return next(fitting, CELL_LENGTHS_S[-1])
