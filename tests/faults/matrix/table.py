"""docs/fault-matrix.md: a table for each recipe, its steps down and the faults across."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.faults.matrix.cells import ROWS, Cell, Matrix, all_cells, some_cells
from tests.faults.matrix.faults import COLUMNS

_HEAD = """# The fault matrix

Written by `scripts/test --matrix`. For every step of every recipe and every fault, a real move in the emulated lab is
struck by that fault in that step; then the lab is looked at from outside. A cell says how the move ended. A cell is
FAILED when any of this does not hold:

- the VM never ran twice (its guest processes note it themselves), and is registered on one host only;
- it never ran nowhere for longer than the outage's deadline, but for the time in which a host had no power;
- its memory is the same and every durable record is there, as the guest says and as its disk files say; only a host
  that lost its power under a running VM makes it boot;
- it stands where the job says, in the state it had, with the notes, start action, networks and chain it had;
- nothing that bears the job's tag and no file that no VM needs is left on either host;
- the job's end is the one that the safety rules ask for ([safety.md](safety.md)), and its sentence names the fault;
- while a dead target keeps a job waiting before the start was ordered, the VM runs on its source;
- a worker that lost its lease writes nothing.

| word | what it means |
| --- | --- |
| moved | the job is done, without a person |
| moved by a retry | the target has the VM and runs it; a later step failed, somebody pressed Retry, the job is done |
| undone | the job failed with a sentence, and the VM is on its source as if nothing had been |
| cancelled | the same, because somebody asked |
| - | makes no sense: no byte travels in this step, it changes nothing that could come late, or there is no way back |

From the step of no return on a cancel is refused; the move goes on.

Where a step makes several calls and a fault can strike each of them, each was struck; a call that ended otherwise than
the step's main one is named. "Dies in the middle": the host has acted and has not answered; in a copy, the bytes are on
their way. "The worker dies" is `kill -9` of a real process. A host that died gets its power back when the job waits.
One delta round is made, worth it or not: the lab's VMs are too small for one to be; the steps of further rounds are the
same. Of a VM that is held only the step that no other recipe has is struck.
"""


def write_table(path: Path, matrix: Matrix, seconds: float) -> None:
    """Nothing is written when cells are missing: then only a part was asked for."""
    if len(matrix.words) == len(list(all_cells())):
        path.write_text("\n".join([_HEAD, *_figures(matrix, seconds), *_tables(matrix)]) + "\n", encoding="utf-8")


def _figures(matrix: Matrix, seconds: float) -> Iterator[str]:
    struck = [word for word in matrix.words.values() if word != "-"]
    some = len(list(some_cells()))
    yield (
        f"{len(struck)} cells make sense, {matrix.moves} moves were made for them in {seconds / 60:.0f} minutes. "
        f"Every `scripts/test` runs {some} cells, of which each step and each fault has several, in about five minutes "
        "on two cores."
    )


def _tables(matrix: Matrix) -> Iterator[str]:
    for case, rows in ROWS.items():
        yield f"\n## A VM that {case}\n"
        yield "| step | " + " | ".join(column.title for column in COLUMNS) + " |"
        yield "| --- " * (len(COLUMNS) + 1) + "|"
        for row in rows:
            words = [matrix.words[str(Cell(case, row, column))] for column in COLUMNS]
            yield f"| {row.number} {row.title} | " + " | ".join(words) + " |"
