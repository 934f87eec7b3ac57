"""The forecast: arithmetic that an administrator can redo."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from migrations_app.figures import Figure, Origin, Pace, assumed_pace, measured
from migrations_app.forecast import Forecast, Span, Task, Term, deadline_s, forecast

GB = 1 << 30
MB = 1_000_000
ASSUMED = assumed_pace(4 * GB)

seconds = st.floats(0, 1e4)
tasks = st.builds(
    Task,
    disk_bytes=st.integers(0, 1 << 45),
    memory_bytes=st.integers(0, 1 << 42),
    is_running=st.booleans(),
    rounds=st.integers(0, 6),
    left_bytes=st.none() | st.integers(0, 1 << 45),
    since_s=seconds,
)


@st.composite
def figures(draw: st.DrawFn, least: float, most: float) -> Figure:
    low, likely, high = sorted(draw(st.lists(st.floats(least, most), min_size=3, max_size=3)))
    return Figure(low, likely, high)


paces = st.builds(
    Pace,
    rate=figures(0, 1e11),
    write_rate=figures(0, 1e10),
    standstill_s=figures(0, 1e4),
    begin_s=figures(0, 1e4),
    round_s=figures(0, 1e3),
    end_s=figures(0, 1e4),
)


def exactly(rate: float, write_rate: float = 0.0, round_s: float = 0.0) -> Pace:
    own, none = [Figure(value, value, value) for value in (rate, write_rate, round_s)], Figure(0, 0, 0)
    return Pace(own[0], own[1], none, none, own[2], none)


def of(rounds: int = 1, memory_bytes: int = 4 * GB, **fields: int) -> Task:
    return Task(fields.get("disk_bytes", 40 * GB), memory_bytes, is_running=True, rounds=rounds)


def is_no_longer(one: Forecast, other: Forecast) -> bool:
    """No end of the range of `one` is beyond that of `other`, but for the rounding of floats."""
    pairs = [*zip(one.outage, other.outage, strict=True), *zip(one.total, other.total, strict=True)]
    return all(mine <= its * (1 + 1e-9) + 1e-9 for mine, its in pairs)


@given(tasks, paces)
def test_a_range_contains_what_is_likely(task: Task, pace: Pace) -> None:
    expected = forecast(task, pace)

    for span in (expected.outage, expected.total, expected.before):
        assert 0 <= span.low_s <= span.likely_s * (1 + 1e-9)
        assert span.likely_s <= span.high_s * (1 + 1e-9)
    assert expected.outage.high_s <= expected.total.high_s


@given(tasks, paces, st.integers(0, 1 << 45), st.integers(0, 1 << 42))
def test_more_bytes_never_take_less_time(task: Task, pace: Pace, disk_bytes: int, memory_bytes: int) -> None:
    left = None if task.left_bytes is None else task.left_bytes + disk_bytes
    disks, memory = task.disk_bytes + disk_bytes, task.memory_bytes + memory_bytes
    more = replace(task, disk_bytes=disks, memory_bytes=memory, left_bytes=left)

    assert is_no_longer(forecast(task, pace), forecast(more, pace))


@given(tasks, paces, st.floats(1, 1000))
def test_a_higher_rate_never_takes_more_time(task: Task, pace: Pace, factor: float) -> None:
    rate = pace.rate
    faster = replace(
        pace, rate=replace(rate, low=rate.low * factor, likely=rate.likely * factor, high=rate.high * factor)
    )

    assert is_no_longer(forecast(task, faster), forecast(task, pace))


@given(tasks, paces)
def test_another_round_never_makes_the_outage_longer(task: Task, pace: Pace) -> None:
    one, more = (forecast(replace(task, rounds=rounds), pace).outage for rounds in (task.rounds, task.rounds + 1))

    assert all(its <= mine * (1 + 1e-9) for mine, its in zip(one, more, strict=True))


@given(st.integers(0, 1 << 45), paces, st.integers(1, 1 << 40))
def test_a_bandwidth_limit_never_makes_it_shorter(disk_bytes: int, pace: Pace, limit: int) -> None:
    task = of(disk_bytes=disk_bytes)

    assert is_no_longer(forecast(task, pace), forecast(task, pace.limited(0, limit)))


def test_a_vm_that_stands_still_has_no_outage() -> None:
    expected = forecast(replace(of(), is_running=False), ASSUMED)

    assert expected.outage == Span(0, 0, 0)
    assert expected.reason.startswith("Most of the time is sending 40.0 GB of disks at 57 MB/s; the rate is assumed")
    assert expected.shorter == ""


def test_memory_that_takes_most_of_the_outage_is_named_with_the_rate() -> None:
    expected = forecast(of(memory_bytes=2 * GB), exactly(110 << 20, 1 * MB))

    assert expected.dominant is Term.MEMORY
    assert expected.reason.startswith("Most of the outage is sending 2 GB of memory at 110 MB/s")
    assert expected.shorter == "A faster link or less memory would make it shorter."


def test_last_changes_that_a_round_would_shrink_are_named_with_what_it_saves() -> None:
    expected = forecast(of(rounds=0, memory_bytes=0), exactly(100 * MB, 5 * MB))

    assert expected.dominant is Term.CHANGES
    assert expected.shorter.startswith("Another delta round would take about 20 s off it")


def test_rounds_do_not_help_a_vm_that_writes_as_fast_as_it_is_copied() -> None:
    once, often = (forecast(of(rounds, memory_bytes=0), exactly(50 * MB, 50 * MB)) for rounds in (1, 5))

    assert once.outage == often.outage
    assert "another round does not" in often.shorter


def test_a_limit_is_named_in_place_of_the_source_of_the_rate() -> None:
    expected = forecast(of(), ASSUMED.limited(0, 10 << 20, 20 << 20))

    assert "the rate is the limit of 10 MB/s" in expected.reason
    assert expected.shorter.startswith("A higher bandwidth limit")


def test_a_limit_above_the_rate_changes_nothing() -> None:
    assert ASSUMED.limited(0, 1000 * MB) == ASSUMED


@given(st.lists(st.floats(0.01, 1e9), min_size=1, max_size=30))
def test_a_measured_figure_lies_in_its_range(values: list[float]) -> None:
    figure = measured(values, Origin.BETWEEN)

    assert figure.low <= figure.likely <= figure.high


def test_the_range_is_wider_with_less_and_with_farther_measurements() -> None:
    alone, few, many = (measured([100.0] * count, Origin.BETWEEN) for count in (1, 3, 20))
    farther = [measured([100.0] * 3, origin) for origin in (Origin.OF_ONE, Origin.ELSEWHERE)]

    assert alone.high > few.high > many.high > 100
    assert few.high < farther[0].high < farther[1].high


def test_one_move_that_went_wrong_among_many_does_not_decide_the_range() -> None:
    assert measured([10.0] * 19 + [1000.0], Origin.BETWEEN).high < 20


def test_the_deadline_is_three_times_the_forecast_and_at_least_what_is_set() -> None:
    assert deadline_s(10, 60) == 60
    assert deadline_s(40, 60) == 120
