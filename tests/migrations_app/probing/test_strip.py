"""A cell a second around the outage, longer ones for a long outage, and the whole as a line."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from migrations_app.probing.runs import Run, outages
from migrations_app.probing.strip import CELLS, Window, stretches, whole, window_of

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def run(began_s: float, ended_s: float, *, is_up: bool) -> Run:
    return Run(at(began_s), at(ended_s), is_up)


def moved(began_s: float, ended_s: float, end_s: float) -> list[Run]:
    return [
        run(0, began_s, is_up=True),
        run(began_s + 0.1, ended_s - 0.1, is_up=False),
        run(ended_s, end_s, is_up=True),
    ]


def test_a_short_job_is_shown_whole_with_a_cell_a_second() -> None:
    spans = moved(10, 18, 30)

    window = window_of(spans, outages(spans)[0])

    assert (window.began_at, window.cell_s, window.cells) == (at(0), 1, 60)
    assert [stretch.state for stretch in stretches(spans, window)] == ["up", "down", "up"]


def test_a_long_job_is_shown_around_its_outage() -> None:
    spans = moved(1000, 1009, 2000)

    window = window_of(spans, outages(spans)[0])

    assert (window.cell_s, window.cells) == (1, CELLS)
    assert window.began_at < at(960) < at(1040) < window.ended_at


def test_before_the_outage_the_last_seconds_are_shown() -> None:
    spans = [run(0, 1000, is_up=True)]

    window = window_of(spans, None)

    assert window.ended_at - at(1000) == timedelta(seconds=1)


def test_an_outage_too_long_for_cells_of_a_second_has_longer_ones() -> None:
    spans = moved(1000, 1269, 2000)

    window = window_of(spans, outages(spans)[0])

    assert window.cell_s == 5
    assert window.began_at < at(1000) < at(1269) < window.ended_at


def test_a_single_lost_probe_is_a_cell() -> None:
    spans = [run(0, 10.2, is_up=True), run(10.3, 10.3, is_up=False), run(10.4, 20, is_up=True)]

    found = stretches(spans, window_of(spans, None))

    assert [(stretch.state, round(stretch.width_percent * 60 / 100)) for stretch in found] == [
        ("up", 10),
        ("down", 1),
        ("up", 10),
    ]


def test_where_nobody_looked_is_neither_up_nor_down() -> None:
    spans = [run(0, 10, is_up=True), run(20, 30, is_up=True)]

    assert [stretch.state for stretch in stretches(spans, window_of(spans, None))] == ["up", "unseen", "up"]


def test_a_mark_outside_of_the_window_is_none_and_one_across_its_edge_is_cut() -> None:
    window = Window(at(0), 1, 100)

    assert window.mark(at(-20), at(-10)) is None
    cut = window.mark(at(90), at(120))
    assert cut is not None
    assert (cut.x_percent, cut.width_percent, cut.anchor) == (90, 10, "end")


@given(st.lists(st.tuples(st.floats(0, 5000), st.floats(0, 600), st.booleans()), min_size=1, max_size=30))
def test_stretches_fill_the_window_without_overlap(pieces: list[tuple[float, float, bool]]) -> None:
    spans, began_s = list[Run](), 0.0
    for pause_s, length_s, is_up in pieces:
        spans.append(run(began_s + pause_s, began_s + pause_s + length_s, is_up=is_up))
        began_s += pause_s + length_s

    for window in (window_of(spans, next(iter(outages(spans)), None)), whole(spans)):
        drawn = stretches(spans, window)
        assert sum(stretch.width_percent for stretch in drawn) <= 100.5
        assert all(a.state != b.state and a.ended_at == b.began_at for a, b in itertools.pairwise(drawn))
