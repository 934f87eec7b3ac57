"""When a held VM may pause, and how often it is looked at until then: pure arithmetic."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrations_app.engine.holding import LOOKS_AT_MOST, CutOver, clock, lead_of, next_look

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def all_looks(opens_at: datetime | None, until: datetime, lead: timedelta = MINUTE) -> list[datetime]:
    """The looks that a hold from noon on has until then."""
    looks: list[datetime] = []
    while (at := next_look(looks, NOON, opens_at, lead)) is not None and at <= until:
        looks.append(at)
    return looks


@pytest.mark.parametrize(
    ("cut_over", "may_begin"),
    [
        (CutOver(), True),
        (CutOver(holds=True), False),
        (CutOver(holds=True, is_ordered=True), True),
        (CutOver(holds=True, opens_at=NOON), True),
        (CutOver(holds=True, opens_at=NOON + MINUTE), False),
        (CutOver(holds=True, opens_at=NOON - HOUR, closes_at=NOON + MINUTE), True),
        (CutOver(holds=True, opens_at=NOON - HOUR, closes_at=NOON), False),
        (CutOver(holds=True, opens_at=NOON - HOUR, closes_at=NOON, is_ordered=True), True),
    ],
)
def test_the_vm_may_pause_in_its_window_or_when_a_person_says_so(cut_over: CutOver, may_begin: bool) -> None:
    assert cut_over.may_begin(NOON) is may_begin


def test_an_outage_must_end_before_the_window_closes_unless_it_was_ordered() -> None:
    window = CutOver(holds=True, opens_at=NOON - HOUR, closes_at=NOON + MINUTE)

    assert window.fits(NOON, 60)
    assert not window.fits(NOON, 61)
    assert CutOver(holds=True, closes_at=NOON, is_ordered=True).fits(NOON, 3600)
    assert CutOver(holds=True, opens_at=NOON).fits(NOON, 10**6)


def test_the_looks_are_spread_evenly_and_the_last_one_comes_right_before_the_window() -> None:
    looks = all_looks(NOON + 12 * HOUR + MINUTE, NOON + 24 * HOUR)

    assert looks == [NOON + HOUR * number for number in range(1, 13)]


def test_a_window_that_opens_soon_has_one_look_before_it() -> None:
    assert all_looks(NOON + 5 * MINUTE, NOON + HOUR) == [NOON + 4 * MINUTE]
    assert all_looks(NOON + MINUTE, NOON + HOUR) == []


def test_without_a_window_each_look_comes_twice_as_long_after_the_one_before_it() -> None:
    looks = all_looks(None, NOON + timedelta(days=60))

    assert [(at - NOON) // MINUTE for at in looks[:4]] == [10, 30, 70, 150]
    assert len(looks) == LOOKS_AT_MOST
    assert looks[-1] - NOON > timedelta(days=28)


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**6)), min_size=1, max_size=20), st.integers(1, 10**5))
def test_however_often_the_window_is_changed_the_looks_are_counted(windows: list[int | None], lead_s: int) -> None:
    looks: list[datetime] = []
    for window_s in windows:
        opens_at = None if window_s is None else NOON + timedelta(seconds=window_s)
        for _ in range(3):
            at = next_look(looks, NOON, opens_at, timedelta(seconds=lead_s))
            if at is None:
                break
            assert at > max([NOON, *looks])
            looks.append(at)

    assert len(looks) <= LOOKS_AT_MOST


def test_the_lead_is_twice_a_round_and_a_minute_at_least() -> None:
    assert lead_of(5) == MINUTE
    assert lead_of(300) == 10 * MINUTE


@pytest.mark.parametrize(
    ("zone", "soon", "later"), [("UTC", "12:00 UTC", "3 Mar 02:00 UTC"), ("Asia/Tokyo", "21:00 JST", "3 Mar 11:00 JST")]
)
def test_times_are_told_in_the_zone_of_ferry_with_the_day_when_it_is_another_one(
    monkeypatch: pytest.MonkeyPatch, zone: str, soon: str, later: str
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("TZ", zone)  # as Django sets it from FERRY_TIME_ZONE
        time.tzset()
        told = [clock(NOON, NOON + HOUR), clock(NOON + 14 * HOUR, NOON)]
    time.tzset()

    assert told == [soon, later]
