"""Whatever the outage and whenever it is asked: the runs hold it, and say how closely they do."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from migrations_app.probing.runs import UNOBSERVED_AFTER, Outage, Outcome, Run, add_outcome, outage_within, outages

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def probed(times: list[float], began_s: float, ended_s: float, latency_s: float = 0.001) -> list[Run]:
    """The runs of probes at `times` of a VM that does not answer from `began_s` to `ended_s`."""
    runs: list[Run] = []
    for sent_s in times:
        is_up = not began_s <= sent_s < ended_s
        add_outcome(runs, Outcome(at(sent_s), at(sent_s + latency_s) if is_up else None))
    return runs


@given(began_s=st.floats(2, 30), length_s=st.floats(0.05, 60), seed=st.integers(0, 10**9), most_s=st.floats(0.1, 5))
def test_an_outage_lies_between_the_least_and_the_most_that_was_seen(
    began_s: float, length_s: float, seed: int, most_s: float
) -> None:
    rhythm = random.Random(seed)
    times = [0.0]
    while times[-1] < began_s + length_s + 5:
        times.append(times[-1] + rhythm.uniform(0.02, most_s))

    found = outages(probed(times, began_s, began_s + length_s))

    if len(found) == 1:
        assert found[0].least_s - 1e-5 <= length_s <= found[0].length_s + 1e-5
        assert found[0].began_at <= at(began_s)
        assert found[0].ended_at is not None
        assert found[0].ended_at >= at(began_s + length_s)
    else:
        assert found == []
        assert not any(began_s <= time < began_s + length_s for time in times)


@given(st.lists(st.tuples(st.floats(0.05, 8), st.booleans()), min_size=1, max_size=80))
def test_runs_hold_every_probe_in_order_and_neighbours_differ_unless_nobody_looked(
    probes: list[tuple[float, bool]],
) -> None:
    runs, sent_s = list[Run](), 0.0
    for step_s, is_up in probes:
        sent_s += step_s
        add_outcome(runs, Outcome(at(sent_s), at(sent_s) if is_up else None))

    assert sum(run.probes for run in runs) == len(probes)
    assert all(run.began_at <= run.ended_at for run in runs)
    for before, after in itertools.pairwise(runs):
        assert before.ended_at < after.began_at
        assert before.is_up != after.is_up or after.began_at - before.ended_at > UNOBSERVED_AFTER


def test_a_question_that_waited_for_the_vm_does_not_shorten_the_outage() -> None:
    runs = [Run(at(0), at(10), is_up=True, probes=10), Run(at(11), at(20), is_up=False, probes=90)]

    add_outcome(runs, Outcome(at(20.1), at(20.9)))
    add_outcome(runs, Outcome(at(20.2), at(20.9)))

    (outage,) = outages(runs)
    assert outage.ended_at == at(20.9)
    assert runs[-1] == Run(at(20.9), at(20.9), is_up=True, probes=2)


def test_an_outage_that_lasts_has_no_end_yet() -> None:
    (outage,) = outages([Run(at(0), at(10), is_up=True), Run(at(10.1), at(14), is_up=False)])

    assert (outage.ended_at, outage.length_s) == (None, 4)


def test_a_gap_in_the_outage_only_makes_it_less_certain() -> None:
    spans = [Run(at(0), at(10), is_up=True), Run(at(10.1), at(14), is_up=False), Run(at(30), at(40), is_up=True)]

    (outage,) = outages(spans)

    assert outage.length_s == 20
    assert outage.resolution_s > 16


def test_the_outage_of_a_move_is_the_longest_that_touches_it() -> None:
    lost, moved = Outage(at(1), at(1.2), 0, at(1.1)), Outage(at(20), at(29), 8.9, at(28.9))

    assert outage_within([lost, moved], at(20.2), at(28.8)) == moved
    assert outage_within([lost], at(20.2), at(28.8)) is None


def test_after_a_pause_in_which_nobody_looked_a_run_begins_anew() -> None:
    runs: list[Run] = []
    for sent_s in (0, 1, 2, 20, 21):
        add_outcome(runs, Outcome(at(sent_s), at(sent_s)))

    assert runs == [Run(at(0), at(2), is_up=True, probes=3), Run(at(20), at(21), is_up=True, probes=2)]
