"""The matrix's lab, shared by all cells; `--matrix` runs every cell and writes docs/fault-matrix.md."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test.utils import override_settings

from hosts.providers import PROVIDERS
from tests.faults.matrix.bench import Bench
from tests.faults.matrix.cells import Matrix
from tests.faults.matrix.eager import every_round_is_worth_it
from tests.faults.matrix.killed import KilledWorkers
from tests.faults.matrix.table import write_table

_OPEN_TAPPED = "tests.faults.matrix.tap.open_tapped"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--matrix", action="store_true", help="every cell of the fault matrix; writes the table")


@pytest.fixture(scope="package")
def bench_of_matrix(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    """The lab stays from cell to cell; the rows are gone after each."""
    usual, PROVIDERS["hyperv"] = PROVIDERS["hyperv"], _OPEN_TAPPED
    root, began = tmp_path_factory.mktemp("matrix") / "lab", time.monotonic()
    bench, killed = Bench(root), KilledWorkers(root)
    made = Matrix(bench, killed, is_whole=bool(request.config.getoption("--matrix", default=False)))
    with override_settings(POLL_MS=20, PROBES=[]), every_round_is_worth_it():
        yield made
    killed.close()
    bench.destroy()
    PROVIDERS["hyperv"] = usual
    if made.is_whole:
        write_table(settings.BASE_DIR / "docs" / "fault-matrix.md", made, time.monotonic() - began)


@pytest.fixture
def matrix(bench_of_matrix: Matrix, transactional_db: None) -> Matrix:
    bench_of_matrix.bench.prepare()
    return bench_of_matrix
