"""Turns: more urgent first, then older; nobody is overtaken for the same place, or held up by another host."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from migrations_app.queue_order import Place, Turn, Waiting, turns

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PATIENT = NOON - timedelta(minutes=30)
HOSTS = (1, 2, 3, 4)
TWO = {(host, way): 2 for host in HOSTS for way in ("in", "out")}


def job(pk: int, source: int, target: int, priority: int = 0, minutes: int = 0) -> Waiting:
    return Waiting(pk, priority, NOON - timedelta(minutes=minutes), ((source, "out"), (target, "in")))


def begins(found: dict[int, Turn]) -> list[int]:
    return [pk for pk, turn in found.items() if turn.place is None]


jobs = st.lists(
    st.tuples(st.permutations(HOSTS), st.sampled_from((-1, 0, 1)), st.integers(0, 90)),
    max_size=14,
).map(lambda drawn: [job(pk, ends[0], ends[1], urgent, age) for pk, (ends, urgent, age) in enumerate(drawn)])
taken_places = st.lists(st.tuples(st.sampled_from(HOSTS), st.sampled_from(("in", "out"))), max_size=8).map(
    lambda places: {place: [100 + n for n in range(min(2, count))] for place, count in Counter(places).items()}
)


@given(jobs, taken_places)
def test_no_place_is_given_more_often_than_it_exists(waiting: list[Waiting], taken: dict[Place, list[int]]) -> None:
    going = set(begins(turns(waiting, taken, TWO, PATIENT)))

    given_away = Counter(place for it in waiting if it.pk in going for place in it.places)

    assert all(len(taken.get(place, ())) + count <= 2 for place, count in given_away.items())


@given(jobs, taken_places)
def test_nobody_overtakes_a_job_that_waits_for_the_same_place(
    waiting: list[Waiting], taken: dict[Place, list[int]]
) -> None:
    found = turns(waiting, taken, TWO, PATIENT)
    places = {it.pk: it.places for it in waiting}
    order = list(found)

    for behind, pk in enumerate(order):
        ahead = {found[other].place for other in order[:behind]} - {None}
        assert found[pk].place is not None or not ahead.intersection(places[pk])


@given(jobs, taken_places)
def test_who_waits_is_told_who_has_the_place(waiting: list[Waiting], taken: dict[Place, list[int]]) -> None:
    found = turns(waiting, taken, TWO, PATIENT)
    order = list(found)

    for pk, turn in found.items():
        ahead = order[: order.index(pk)]
        assert turn.place is None or len(turn.has) + len(turn.kept_for) >= 2
        assert set(turn.has) <= {*ahead, *taken.get(turn.place or (0, ""), ())}
        assert set(turn.kept_for) <= set(ahead)


@given(jobs)
def test_the_order_of_the_rows_does_not_matter(waiting: list[Waiting]) -> None:
    assert turns(waiting, {}, TWO, PATIENT) == turns(waiting[::-1], {}, TWO, PATIENT)


def test_a_more_urgent_job_goes_first_then_the_older_one() -> None:
    waiting = [job(1, 1, 2, minutes=9), job(2, 1, 2, minutes=5), job(3, 1, 2, priority=1), job(4, 1, 2, priority=-1)]

    found = turns(waiting, {}, TWO, PATIENT)

    assert list(found) == [3, 1, 2, 4]
    assert begins(found) == [3, 1]
    assert (found[2].number, found[4].number) == (1, 2)


def test_a_job_is_not_held_up_by_an_older_one_that_waits_for_another_host() -> None:
    full = {(2, "in"): [100, 101], (1, "out"): [100]}

    assert begins(turns([job(1, 1, 2, minutes=5), job(2, 1, 3)], full, TWO, PATIENT)) == [2]


def test_a_job_that_waited_long_keeps_the_place_it_finds_free() -> None:
    full = {(2, "in"): [100, 101], (1, "out"): [100]}

    found = turns([job(1, 1, 2, minutes=31), job(2, 1, 3)], full, TWO, PATIENT)

    assert begins(found) == []
    assert found[2] == Turn((1, "out"), 1, (100,), (1,))


def test_no_stream_of_younger_jobs_keeps_an_older_one_waiting_for_ever() -> None:
    """One place each. Every minute a job of two minutes comes, in turn from H1 and to H2: one of the two is always
    taken from the old job, which needs both."""
    one, old = dict.fromkeys(TWO, 1), job(1000, 1, 2)
    began_at: dict[int, int] = {0: 0}
    for minute in range(1, 90):
        running = [pk for pk, began in began_at.items() if minute - began < 2]
        taken = {place: [pk] for pk in running for place in _of_stream(pk).places}
        now = NOON + timedelta(minutes=minute)
        going = begins(turns([old, _of_stream(minute)], taken, one, now - timedelta(minutes=30)))
        if old.pk in going:
            assert minute == 31
            return
        began_at |= dict.fromkeys(going, minute)
    raise AssertionError("It never began.")


def _of_stream(minute: int) -> Waiting:
    """Ordered in that minute: from H1 in even ones, to H2 in odd ones."""
    return job(minute, *((1, 3) if minute % 2 == 0 else (4, 2)), minutes=-minute)
