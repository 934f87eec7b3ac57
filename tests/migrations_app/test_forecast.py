"""The forecast: arithmetic that an administrator can redo."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrations_app.forecast import FIXED_OUTAGE_S, LAST_DELTA_BYTES, OVERHEAD_S, deadline_s, forecast

GB = 1 << 30


def test_a_vm_that_stands_still_has_no_outage() -> None:
    expected = forecast(10 * GB, 4096, is_running=False)

    assert (expected.outage_low_s, expected.outage_high_s) == (0, 0)


def test_the_outage_is_memory_and_last_delta_over_the_rate_plus_the_fixed_cost() -> None:
    expected = forecast(0, 1000, is_running=True, past_rates=[130_000_000.0])

    slow = 130_000_000 / 1.3
    assert expected.outage_high_s == pytest.approx(((1000 << 20) + LAST_DELTA_BYTES[1]) / slow + FIXED_OUTAGE_S[1])
    assert expected.total_high_s == pytest.approx(expected.outage_high_s + OVERHEAD_S[1])


def test_the_reason_says_whether_the_rate_was_measured() -> None:
    assert "assumed" in forecast(GB, 512, is_running=True).reason
    assert "measured" in forecast(GB, 512, is_running=True, past_rates=[1e8]).reason


def test_a_bandwidth_limit_makes_the_forecast_longer() -> None:
    free = forecast(10 * GB, 1024, is_running=True)
    limited = forecast(10 * GB, 1024, is_running=True, limit_bytes_per_s=10_000_000)

    assert limited.outage_low_s > free.outage_high_s
    assert limited.total_low_s > free.total_high_s


@given(st.integers(0, 1 << 45), st.integers(0, 1 << 22), st.booleans(), st.lists(st.floats(-1, 1e11), max_size=5))
def test_a_range_is_never_upside_down(disk: int, memory: int, is_running: bool, rates: list[float]) -> None:
    expected = forecast(disk, memory, is_running=is_running, past_rates=rates)

    assert 0 <= expected.outage_low_s <= expected.outage_high_s <= expected.total_high_s
    assert expected.total_low_s <= expected.total_high_s


def test_the_deadline_is_three_times_the_forecast_and_at_least_what_is_set() -> None:
    assert deadline_s(10, 60) == 60
    assert deadline_s(40, 60) == 120
