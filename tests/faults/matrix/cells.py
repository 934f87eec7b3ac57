"""The rows of the matrix from the recipes, its cells, and one cell from beginning to end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from migrations_app.engine.recipes import QUICK_RUNNING, QUICK_STANDING_STILL, Recipe
from migrations_app.models import MigrationJob
from tests.faults.matrix.bench import RESTS, RUNS, Bench
from tests.faults.matrix.expected import End, expected
from tests.faults.matrix.faults import COLUMNS
from tests.faults.matrix.invariants import broken, look
from tests.faults.matrix.killed import KilledWorkers
from tests.faults.matrix.points import StepCall, StepCalls, calls_of_steps
from tests.faults.matrix.scene import Column, Scene
from tests.faults.matrix.tap import TAP

RECIPES: dict[str, tuple[Recipe, str]] = {
    "running": (QUICK_RUNNING, RUNS),
    "standing still": (QUICK_STANDING_STILL, RESTS),
}
STRIDE = 6

_NOT_FENCED = "A call that outlives its worker is not fenced on the host."
LATE_CALLS = {
    ("lease-lost", "start-works"): _NOT_FENCED,
    ("lease-lost-undone", "start-works"): _NOT_FENCED,
    ("lease-lost-undone", "mark-vm"): _NOT_FENCED,
    ("lease-lost-undone", "checkpoint-vm"): _NOT_FENCED,
}
"""(column, main call of the step) of the cells that fail today."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A step of a recipe and a column."""

    recipe: str
    position: int
    column: Column

    @property
    def number(self) -> str:
        return RECIPES[self.recipe][0][self.position][0]

    def __str__(self) -> str:
        return f"{self.recipe.replace(' ', '-')}-{self.number}-{self.column.key}"


def all_cells() -> Iterator[Cell]:
    for recipe, (steps, _) in RECIPES.items():
        for position in range(len(steps)):
            for column in COLUMNS:
                yield Cell(recipe, position, column)


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
        step = self.calls(cell.recipe).get(cell.position)
        calls = cell.column.where(step) if step is not None else []
        ends, wrong = [], []
        for call in calls if self.is_whole else calls[:1]:
            assert step is not None
            end, found = self._strike(cell, step, call)
            ends.append((call, end))
            wrong += [f"{call}: {sentence}" for sentence in found]
        self.words[str(cell)] = "FAILED" if wrong else _words(ends)
        return wrong

    def known(self, cell: Cell) -> str:
        """Why the cell is known to fail; "" when it is not."""
        step = self.calls(cell.recipe).get(cell.position)
        return LATE_CALLS.get((cell.column.key, step.main.verb), "") if step is not None else ""

    def calls(self, recipe: str) -> dict[int, StepCalls]:
        """From a move without faults, made when it is first asked for."""
        if recipe not in self.steps:
            TAP.close()
            steps, vm = RECIPES[recipe]
            job = self.bench.order(vm)
            self.bench.run_to_the_end(job)
            assert job.status == MigrationJob.Status.DONE, job.failure_text
            self.steps[recipe] = calls_of_steps(TAP.calls, job.source_name, steps)
        return self.steps[recipe]

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
        before = look(self.bench, RECIPES[cell.recipe][1])
        job = self.bench.order(before.vm)
        said = cell.column.strike(Scene(self.bench, self.killed, job, step, call))
        TAP.close()
        job.refresh_from_db()
        end, said = _end_of(job, said), said or job.failure_text
        wanted = expected(cell.column, step, call, self.calls(cell.recipe))
        wrong = list(self.bench.complaints)
        if end not in wanted.ends:
            wrong.append(f"It ended {end}, not {' or '.join(wanted.ends)}: {said}")
        if said and wanted.says not in said:
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
    others = [f"{call}: {end}" for call, end in ends if end != first]
    return "; ".join([first, *others])
