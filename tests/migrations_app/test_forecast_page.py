"""docs/forecast.md tells the truth: its worked examples are recomputed, its constants are ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from hosts.models import Host
from migrations_app import figures
from migrations_app.figures import Figure, Origin, Pace
from migrations_app.forecast import Task, forecast
from migrations_app.past_moves import LEAST_COPY_BYTES, MOST_MOVES, past
from tests.migrations_app.past_jobs import Course, host, past_job

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "forecast.md").read_text()
MB = 1_000_000


def table(first_cell: str) -> list[list[str]]:
    """The rows of the table whose head begins so."""
    _, below = PAGE.split(f"| {first_cell} |", maxsplit=1)
    rows = [line.strip("| ").split(" | ") for line in below.split("\n\n")[0].splitlines()[2:]]
    return [[cell.replace(",", "") for cell in row] for row in rows]


def exactly(value: float) -> Figure:
    return Figure(value, value, value)


@pytest.mark.parametrize("row", table("U MB"), ids=" ".join)
def test_every_worked_example_is_what_the_code_computes(row: list[str]) -> None:
    disks, memory, rate, writes, rounds, begin_s, round_s, standstill_s, end_s = map(float, row[:9])
    pace = Pace(*map(exactly, (rate * MB, writes * MB, standstill_s, begin_s, round_s, end_s)))  # type: ignore[arg-type]

    found = forecast(Task(int(disks * MB), int(memory * MB), is_running=True, rounds=int(rounds)), pace)

    outage = [f"{seconds:.2f}" for seconds in (found.outage.likely_s, found.outage.low_s, found.outage.high_s)]
    assert [f"{found.last_delta_bytes / MB:.1f}", *outage, f"{found.total.likely_s:.1f}"] == row[9:]


@pytest.fixture
def hosts(db: None) -> list[Host]:
    """HV01, HV02 and HV03, with the three moves of the page."""
    found = [host(name) for name in ("HV01", "HV02", "HV03")]
    for copied, copy_s, rest, outage_s in table("Copied MB"):
        measured = Course(copied_mb=float(copied), copy_s=float(copy_s), rest_mb=float(rest), outage_s=float(outage_s))
        past_job(found[0], found[1], measured)
    return found


def test_the_figures_from_moves_are_what_the_code_computes(hosts: list[Host]) -> None:
    first, second, third = (each.pk for each in hosts)
    known = past()
    near, far = known.pace(first, second, "", 1024 << 20), known.pace(first, third, "", 1024 << 20)
    large = known.pace(first, second, "", 4096 << 20)

    told = [(near.rate, MB), (near.standstill_s, 1), (large.standstill_s, 1), (far.rate, MB)]

    for (figure, unit), (_, *cells) in zip(told, table("Figure | low"), strict=True):
        exact = [each / unit for each in (figure.low, figure.likely, figure.high)]
        assert exact == pytest.approx([float(cell) for cell in cells], abs=0.06)


def test_the_assumed_figures_and_the_factors_are_those_of_the_code() -> None:
    for name, figure, unit in (
        ("R", figures.ASSUMED_RATE, MB),
        ("w", figures.ASSUMED_WRITE_RATE, MB),
        ("standstill", figures.ASSUMED_FIXED_S, 1),
        ("begin", figures.ASSUMED_BEGIN_S, 1),
        ("c", figures.ASSUMED_ROUND_S, 1),
        ("end", figures.ASSUMED_END_S, 1),
    ):
        cell = next(row[2] for row in table("Figure | What a move tells") if row[0] == name)
        assert f"{figure.likely / unit:g} " in cell, name
        assert f"({figure.low / unit:g} to {figure.high / unit:g})" in cell, name


def test_the_limits_and_factors_of_the_page_are_those_of_the_code() -> None:
    assert f"latest {MOST_MOVES:,} completed" in PAGE
    assert f"copies of {LEAST_COPY_BYTES >> 20} MB or more" in PAGE
    wider = [row[1].split()[-1] for row in table("Kind")]
    known = (Origin.THIS_JOB, Origin.BETWEEN, Origin.OF_ONE, Origin.ELSEWHERE, Origin.OF_THE_VM, Origin.ASSUMED)
    assert wider == [f"{origin.wider:g}" for origin in known]
