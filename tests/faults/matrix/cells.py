"""The rows of the matrix from the recipes, its cells, and one cell from beginning to end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

from migrations_app.engine.plan import Plan
from migrations_app.engine.recipes import Recipe, recipe_for
from migrations_app.models import MigrationJob
from tests.faults.matrix.bench import RESTS, ROUNDS, RUNS, Bench
from tests.faults.matrix.expected import End, expected
from tests.faults.matrix.faults import COLUMNS
from tests.faults.matrix.invariants import broken, look
from tests.faults.matrix.killed import KilledWorkers
from tests.faults.matrix.points import StepCall, StepCalls, calls_of_steps
from tests.faults.matrix.scene import Column, Scene
from tests.faults.matrix.tap import TAP


@dataclass(frozen=True, slots=True)
class Row:
    """A step of a recipe: the rows of a table. `position` is that in the recipe."""

    position: int
    number: str
    title: str


@dataclass(frozen=True, slots=True)
class Case:
    """A recipe and the VM that is moved by it. `rows`: the steps that no case before it has."""

    recipe: Recipe
    vm: str
    holds: bool = False

    def rows(self, known: Iterable[Case] = ()) -> list[Row]:
        seen = {type(step) for case in known for _, step in case.recipe}
        steps = enumerate(self.recipe)
        return [Row(at, number, step.title) for at, (number, step) in steps if type(step) not in seen]


def _plan(*, was_running: bool) -> Plan:
    """What recipe_for reads of a plan."""
    read = {"was_running": was_running, "max_rounds": ROUNDS, "is_live": False, "streams_state": False}
    return cast("Plan", SimpleNamespace(**read))


_RUNNING = Case(recipe_for(_plan(was_running=True)), RUNS)
_STILL = Case(recipe_for(_plan(was_running=False)), RESTS)
_HELD = Case(recipe_for(_plan(was_running=True), holds=True), RUNS, holds=True)
CASES = {"runs": _RUNNING, "stands still": _STILL, "is held": _HELD}
ROWS = {"runs": _RUNNING.rows(), "stands still": _STILL.rows(), "is held": _HELD.rows([_RUNNING])}

STRIDE = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """A step of a recipe and a column."""

    case: str
    row: Row
    column: Column

    def __str__(self) -> str:
        return f"{self.case.replace(' ', '-')}-{self.row.number}-{self.column.key}"


def all_cells() -> Iterator[Cell]:
    for case, rows in ROWS.items():
        for row in rows:
            for column in COLUMNS:
                yield Cell(case, row, column)


def some_cells() -> Iterator[Cell]:
    """Every STRIDE-th of each row, each row beginning one further: so each step and each column is struck."""
    for number, cell in enumerate(all_cells()):
        row, column = divmod(number, len(COLUMNS))
        if (row + column) % STRIDE == 0:
            yield cell


@dataclass
class Matrix:
    """The bench with what is known of the recipes' calls; `words`: what the table says of each cell."""

    bench: Bench
    killed: KilledWorkers
    is_whole: bool
    moves: int = 0
    steps: dict[str, dict[int, StepCalls]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def run(self, cell: Cell) -> list[str]:
        """What is wrong with it, a line each; [] when all is well. Of a part of the matrix each cell is struck once."""
        step = self.calls(cell.case).get(cell.row.position)
        calls = cell.column.where(step) if step is not None else []
        ends, wrong = [], []
        for call in calls if self.is_whole else calls[:1]:
            assert step is not None
            end, found = self._strike(cell, step, call)
            ends.append((call, end))
            wrong += [f"{call}: {sentence}" for sentence in found]
        self.words[str(cell)] = "FAILED" if wrong else _words(ends)
        return wrong

    def calls(self, name: str) -> dict[int, StepCalls]:
        """From a move without faults, made when it is first asked for."""
        if name not in self.steps:
            TAP.close()
            case = CASES[name]
            job = self.bench.order(case.vm, holds=case.holds)
            self.bench.run_to_the_end(job)
            assert job.status == MigrationJob.Status.DONE, job.failure_text
            self.steps[name] = calls_of_steps(TAP.calls, job.source_name, case.recipe)
        return self.steps[name]

    def _strike(self, cell: Cell, step: StepCalls, call: StepCall) -> tuple[str, list[str]]:
        try:
            return self._judge(cell, step, call)
        except Exception as error:  # noqa: BLE001 - said in the cell; the next one needs a lab that is whole
            self.bench.rebuild()
            return "", [f"{type(error).__name__}: {error}"]
        finally:
            TAP.close()

    def _judge(self, cell: Cell, step: StepCalls, call: StepCall) -> tuple[str, list[str]]:
        """The end, and what is wrong."""
        self.moves += 1
        case = CASES[cell.case]
        before = look(self.bench, case.vm)
        job = self.bench.order(case.vm, holds=case.holds)
        said = cell.column.strike(Scene(self.bench, self.killed, job, step, call))
        TAP.close()
        job.refresh_from_db()
        end, said = _end_of(job, said), said or job.failure_text
        wanted = expected(cell.column, step, call, self.calls(cell.case))
        wrong = list(self.bench.complaints)
        if end not in wanted.ends:
            wrong.append(f"It ended {end}, not {' or '.join(wanted.ends)}: {said}")
        if said and not re.search(wanted.says, said):
            wrong.append(f"It says {said!r}, and nothing of {wanted.says!r}.")
        place = job.target_name if job.status == MigrationJob.Status.DONE else job.source_name
        wrong += broken(self.bench, before, job.tag, place)
        if wrong:
            self.bench.rebuild()
        return end, wrong


def _end_of(job: MigrationJob, said: str) -> str:
    if job.status == MigrationJob.Status.DONE:
        return End.RETRIED if said else End.MOVED
    if job.status == MigrationJob.Status.CANCELLED:
        return End.CANCELLED
    return End.UNDONE if job.status == MigrationJob.Status.FAILED else job.status


def _words(ends: list[tuple[StepCall, str]]) -> str:
    """One word when every call ended alike; else the first call's, and those that ended otherwise."""
    if not ends:
        return "-"
    first = ends[0][1]
    others = sorted(f"{call}: {end}" for call, end in ends if end != first)
    return "; ".join([first, *others])
