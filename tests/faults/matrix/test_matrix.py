"""Every step of every recipe times every fault: the VM is never lost and never doubled, and nothing is left behind."""

from __future__ import annotations

import pytest

from tests.faults.matrix.cells import Cell, Matrix, all_cells, some_cells
from tests.faults.matrix.faults import COLUMNS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """All cells with --matrix, else a part of them."""
    if "cell" in metafunc.fixturenames:
        is_whole = metafunc.config.getoption("--matrix", default=False)
        metafunc.parametrize("cell", list(all_cells() if is_whole else some_cells()), ids=str)


def test_the_invariants_hold(matrix: Matrix, cell: Cell) -> None:
    assert matrix.run(cell) == []


def test_the_part_that_every_run_takes_has_each_step_and_each_fault() -> None:
    some, every = list(some_cells()), list(all_cells())

    assert {(cell.case, cell.row) for cell in some} == {(cell.case, cell.row) for cell in every}
    assert {cell.column.key for cell in some} == {column.key for column in COLUMNS}
