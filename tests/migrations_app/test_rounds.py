"""The arithmetic of the delta rounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrations_app.engine.rounds import (
    COPY_START_S,
    UNMEASURED_CHECKPOINT_S,
    UNMEASURED_COPY_RATE,
    Figures,
    StepRecord,
    measured,
    what_it_saved,
    why_no_round,
)

MB = 1_000_000
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
rates = st.floats(1e3, 1e10)
sizes = st.floats(1, 1e13)
costs = st.floats(0, 600)


def record(key: str, began_s: float, ended_s: float, bytes_done: int = 0) -> StepRecord:
    """A step that ran from so many to so many seconds after noon."""
    return StepRecord(key, NOON + timedelta(seconds=began_s), NOON + timedelta(seconds=ended_s), bytes_done)


def test_100_gb_at_117_mb_per_s_with_5_written_leaves_181_and_then_8_mb() -> None:
    """The worked table: after the first copy (851 s) 4255 MB wait, an outage of 36 s."""
    left = [4255.0 * MB]
    for _ in range(2):
        left.append(Figures(left[-1], 5 * MB, 117.5 * MB, 0).left_bytes)

    assert [round(each / MB, 1) for each in left] == [4255.0, 181.1, 7.7]
    assert [round(each / 117.5 / MB, 2) for each in left] == [36.21, 1.54, 0.07]


@pytest.mark.parametrize(
    ("waiting_mb", "write", "copy", "cost_s", "reason"),
    [
        (4255, 5, 117.5, 3, ""),
        (181, 5, 117.5, 1, ""),
        (181, 5, 117.5, 3, "173 MB are left: another round would save 1.3 s of outage and cost 3 s itself."),
        (0, 5, 117.5, 0, "Nothing was written since the last checkpoint."),
        (500, 120, 100, 1, "114 MB/s are written and 95 MB/s copied: another round would not catch up."),
        (10, 99, 100, 5, "10 MB are left: another round would save nothing and cost 5 s itself."),
    ],
)
def test_another_round_is_done_while_it_saves_more_than_it_costs(
    waiting_mb: float, write: float, copy: float, cost_s: float, reason: str
) -> None:
    assert why_no_round(Figures(waiting_mb * MB, write * MB, copy * MB, cost_s)) == reason


@given(sizes, rates, rates, costs)
def test_a_round_that_is_done_shortens_the_outage(waiting: float, write: float, copy: float, cost: float) -> None:
    figures = Figures(waiting, write, copy, cost)

    if not why_no_round(figures):
        assert figures.saves_s > cost
        assert figures.left_bytes < waiting
        assert write < copy


@given(sizes, rates, rates, st.floats(0.5, 600))
def test_rounds_end_by_themselves(waiting: float, write: float, copy: float, cost: float) -> None:
    """Each round saves more than its cost, so there are at most as many as the cost fits into the outage."""
    rounds, bound = 0, waiting / copy / cost
    figures = Figures(waiting, write, copy, cost)

    while rounds <= 100 and not why_no_round(figures):
        rounds, figures = rounds + 1, Figures(figures.left_bytes, write, copy, cost)

    assert rounds <= bound + 1


@given(sizes, rates, rates, costs, st.floats(1, 10))
def test_whoever_writes_more_saves_less(waiting: float, write: float, copy: float, cost: float, more: float) -> None:
    little, much = (Figures(waiting, rate, copy, cost) for rate in (write, write * more))

    assert much.saves_s <= little.saves_s


def test_the_figures_come_from_what_the_earlier_steps_took() -> None:
    past = [record("checkpoint", 0, 4), record("copy", 4, 104, 10_000 * MB)]

    figures = measured(past, 500 * MB, NOON + timedelta(seconds=104))

    assert (figures.copy_bytes_per_s, figures.write_bytes_per_s) == (100 * MB, 5 * MB)
    assert figures.round_cost_s == 4 + COPY_START_S


def test_the_write_rate_counts_from_the_last_checkpoint_and_the_copy_rate_from_the_largest_copy() -> None:
    past = [
        record("checkpoint", 0, 2),
        record("copy", 2, 102, 10_000 * MB),
        record("checkpoint-delta", 102, 106),
        record("copy-delta", 106, 110, 4 * MB),
    ]

    figures = measured(past, 40 * MB, NOON + timedelta(seconds=110))

    assert (figures.copy_bytes_per_s, figures.write_bytes_per_s) == (100 * MB, 10 * MB)
    assert figures.round_cost_s == 2 + COPY_START_S


def test_what_was_not_measured_is_assumed() -> None:
    figures = measured([], 5 * MB, NOON)

    assert figures.copy_bytes_per_s == UNMEASURED_COPY_RATE
    assert figures.round_cost_s == UNMEASURED_CHECKPOINT_S + COPY_START_S


def test_a_clock_that_went_back_and_a_checkpoint_that_was_interrupted_are_borne() -> None:
    past = [record("checkpoint", 0, 3600), record("copy", 3600, 3590, 10 * MB)]

    figures = measured(past, MB, NOON)

    assert figures.round_cost_s < 60
    assert figures.copy_bytes_per_s > 0
    assert why_no_round(figures)


def test_a_finished_round_says_what_it_brought() -> None:
    text = what_it_saved(512 << 20, 8 << 20, 120 << 20)

    assert text == "Saves 4.2 s of outage: 512 MB would be left, 8 MB are."
    assert what_it_saved(1 << 20, 2 << 20, 1 << 20) == "Saves no outage: 1 MB would be left, 2 MB are."
