"""A day of samples becomes lines inside the picture, broken where samples are missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hosts.charts import HEIGHT, WIDTH, Window, draw

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def minutes_ago(minutes: float, value: float) -> tuple[datetime, float]:
    return NOW - timedelta(minutes=minutes), value


def test_full_load_is_at_the_top_and_none_at_the_bottom() -> None:
    chart = draw("CPU", "%", [minutes_ago(23, 100.0), minutes_ago(8, 0.0)], 100, Window(NOW))

    assert chart.lines == (f"283.5,1.0 286.5,{HEIGHT - 1:.1f}",)
    assert (chart.latest, chart.peak) == (0.0, 100.0)


def test_a_quarter_of_an_hour_is_averaged() -> None:
    chart = draw("CPU", "%", [minutes_ago(9, 20.0), minutes_ago(8, 80.0)], 100, Window(NOW))

    assert chart.lines == ("285.0,24.0 288.0,24.0",)


def test_a_gap_breaks_the_line() -> None:
    samples = [minutes_ago(minutes, 50.0) for minutes in (600, 585, 300, 285, 270)]

    assert [len(line.split()) for line in draw("CPU", "%", samples, 100, Window(NOW)).lines] == [2, 3]


def test_without_samples_there_is_no_line() -> None:
    chart = draw("CPU", "%", [minutes_ago(60 * 25, 50.0)], 100, Window(NOW))

    assert (chart.lines, chart.latest, chart.peak) == ((), None, None)


@given(st.lists(st.tuples(st.floats(-10, 2000), st.floats(-1e6, 1e6))), st.floats(-1, 1e5))
def test_every_point_is_inside_the_picture(samples: list[tuple[float, float]], top: float) -> None:
    chart = draw("CPU", "%", [minutes_ago(*sample) for sample in samples], top, Window(NOW))

    for spot in " ".join(chart.lines).split():
        x, y = map(float, spot.split(","))
        assert 0 <= x <= WIDTH
        assert 1 <= y <= HEIGHT - 1
