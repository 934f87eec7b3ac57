"""No change of a job without its event: when the event cannot be written, the change has not happened either."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from hosts.providers.errors import Refused
from migrations_app.jobs import cancel_job, retry_job
from migrations_app.models import MigrationJob
from tests.fakes.databases import Execute
from tests.fakes.moves import Move


class Killed(BaseException):
    """The process ends here."""


class DyingAt:
    """For `connection.execute_wrapper`: the process ends when an event with these words is to be written."""

    def __init__(self, words: str) -> None:
        self._words = words
        self.is_done = False

    def __call__(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        is_event = "INSERT" in sql and "jobevent" in sql
        if is_event and any(self._words in str(each) for each in params):
            self.is_done = True
            raise Killed
        return execute(sql, params, many, context)


def state(job: MigrationJob) -> tuple[object, ...]:
    job.refresh_from_db()
    flags = (job.is_committed, job.cancel_requested, job.outage_began_at is None, job.outage_ended_at is None)
    steps = list(job.steps.exclude(status="pending").values_list("number", "status"))
    return (job.status, job.direction, *flags, steps, job.last_event == job.events.count())


def run_until_killed(move: Move, job: MigrationJob, words: str) -> tuple[object, ...]:
    death = DyingAt(words)
    with connection.execute_wrapper(death), pytest.raises(Killed):
        move.run(job)
    assert death.is_done
    return state(job)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("begins.", ("queued", "forward", False, False, True, True)),
        ("2 Mark Under Migration", ("running", "forward", False, False, True, True)),
        ("4.1 Save the state", ("running", "forward", False, False, True, True)),
        ("The outage has ended", ("running", "forward", False, False, False, True)),
        ("WEB01 runs on HV02.", ("running", "forward", True, False, False, False)),
    ],
)
def test_a_move_that_cannot_write_an_event_has_not_changed(
    move: Move, words: str, expected: tuple[object, ...]
) -> None:
    job = move.order()

    *seen, _, is_gapless = run_until_killed(move, job, words)

    assert (tuple(seen), is_gapless) == (expected, True)
    move.end_lease(job)
    assert move.run(job).status == "done"
    move.assert_moved(job)
    assert list(job.events.values_list("number", flat=True)) == list(range(1, job.last_event + 1))


@pytest.mark.parametrize(("words", "direction"), [("failed: HV02", "forward"), ("The outage has ended", "undo")])
def test_a_failure_that_cannot_write_its_event_is_found_again(move: Move, words: str, direction: str) -> None:
    job = move.order()
    move.target.fail("register", Refused("HV02", "It is refused."), times=2)

    seen = run_until_killed(move, job, words)

    assert (seen[1], seen[5], seen[-1]) == (direction, True, True)
    move.end_lease(job)
    assert move.run(job).status == "failed"
    move.assert_untouched(job)


@pytest.mark.parametrize("verb", [cancel_job, retry_job])
def test_what_a_person_asks_for_is_asked_with_its_event_or_not_at_all(move: Move, verb: Any) -> None:
    job = move.order()
    if verb is retry_job:
        move.target.fail("register", Refused("HV02", "It is refused."))
        move.run(job)
    before = state(job)

    with connection.execute_wrapper(DyingAt("asked to")), pytest.raises(Killed):
        verb(job, None)

    assert state(job) == before
