"""When a move begins and cuts over: what is wrong is said, what is right is carried to the job, and is kept to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from hosts.models import VirtualMachine
from migrations_app.jobs import JobRefused, cancel_job, set_priority, start_job
from migrations_app.leases import take_lease
from migrations_app.models import HostSlot, MigrationJob
from migrations_app.schedule import Schedule, mistakes
from migrations_app.tasks import sweep
from tests.fakes.moves import Move
from tests.migrations_app.wizard import Wizard, page_of, said

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
Status = MigrationJob.Status


def later(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("schedule", "found"),
    [
        (Schedule(), {}),
        (Schedule(start_at=later(1)), {}),
        (Schedule(start_at=later(0)), {"start": "24 Nov 12:00 UTC has passed."}),
        (Schedule(holds=True), {}),
        (Schedule(holds=True, cut_over_until=later(60)), {}),
        (Schedule(holds=True, cut_over_until=later(-1)), {"until": "24 Nov 11:59 UTC has passed."}),
        (Schedule(holds=True, cut_over_from=later(9), cut_over_until=later(9)), {"until": "it must begin before that"}),
        (Schedule(later(30), True, later(5), later(20)), {"until": "the move begins only at 24 Nov 12:30 UTC"}),
        (Schedule(holds=True, cut_over_from=later(9), cut_over_until=later(10)), {"until": "may last 1 min 30 s"}),
        (Schedule(later(9), True, None, later(10)), {"until": "may last 1 min 30 s"}),
        (Schedule(later(9), True, later(5), later(11)), {}),
    ],
)
def test_a_schedule_is_possible_or_has_a_sentence(schedule: Schedule, found: dict[str, str]) -> None:
    told = dict(mistakes(schedule, 90, NOON))

    assert told.keys() == found.keys()
    assert all(text in told[name] for name, text in found.items())


def test_the_job_of_the_wizard_keeps_its_times(wizard: Wizard) -> None:
    times = {"when": "at", "start": "2099-11-24T02:00", "cut": "window", "begin": "2099-11-25T01:00"}

    page = said(wizard.get("migrate-summary", **times, until="2099-11-25T05:00", priority="-1"))
    wizard.move(**times, until="2099-11-25T05:00", priority="-1")

    assert "Not before 24 Nov 2099 02:00 UTC" in page
    assert "In a window from 25 Nov 2099 01:00 UTC until 25 Nov 2099 05:00 UTC" in page
    job = MigrationJob.objects.get()
    assert Schedule.of(job) == Schedule(
        datetime(2099, 11, 24, 2, tzinfo=UTC),
        True,
        datetime(2099, 11, 25, 1, tzinfo=UTC),
        datetime(2099, 11, 25, 5, tzinfo=UTC),
        -1,
    )
    assert job.phase == "Starts 24 Nov 2099 02:00 UTC"


def test_times_are_carried_to_the_other_pages_and_back(wizard: Wizard) -> None:
    text = said(wizard.get("migrate-path", when="at", start="2099-11-24T02:00", priority="1"))

    assert 'name="start" value="2099-11-24T02:00"' in text
    assert 'name="priority" value="1"' in text


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"when": "at", "start": "2020-01-01T00:00"}, "1 Jan 2020 00:00 UTC has passed."),
        ({"when": "at"}, "Give day and time."),
        ({"when": "at", "start": "tomorrow"}, "Give day and time, such as 2026-11-24T02:00."),
        ({"cut": "window"}, "Give day and time."),
        ({"cut": "window", "begin": "2099-01-01T00:00", "until": "2098-01-01T00:00"}, "it must begin before that"),
        ({"when": "whenever"}, "Select a valid choice"),
    ],
)
def test_wrong_times_order_nothing_and_lose_nothing(wizard: Wizard, given: dict[str, str], sentence: str) -> None:
    answer = wizard.move(**given)

    assert page_of(answer) == "migrate-summary"
    assert sentence in said(answer)
    assert all(f'value="{value}"' in said(answer) for value in given.values() if value != "whenever")
    assert MigrationJob.objects.count() == 0


def test_a_time_that_is_not_asked_for_does_not_matter(wizard: Wizard) -> None:
    wizard.move(start="nonsense", begin="nonsense", until="2020-01-01T00:00")

    assert Schedule.of(MigrationJob.objects.get()) == Schedule()


def test_a_job_for_later_takes_no_place_until_its_time(move: Move) -> None:
    job = start_job(move.plan(), None, schedule=Schedule(start_at=timezone.now() + timedelta(hours=1)))

    assert take_lease(job.pk, "worker") is None
    assert HostSlot.objects.count() == 0
    assert VirtualMachine.objects.get(name="WEB01").status == "Running"
    MigrationJob.objects.filter(pk=job.pk).update(start_at=timezone.now())
    move.run(job)

    assert job.status == Status.DONE
    move.assert_moved(job)


def test_a_job_for_later_can_be_cancelled_at_once(move: Move) -> None:
    job = start_job(move.plan(), None, schedule=Schedule(start_at=timezone.now() + timedelta(hours=1)))

    cancel_job(job, None)
    move.run(job)

    assert job.status == Status.CANCELLED
    move.assert_untouched(job)


def test_a_job_that_has_begun_does_not_wait_for_its_start_when_the_clock_is_set_back(move: Move) -> None:
    job = move.order()
    MigrationJob.objects.filter(pk=job.pk).update(status=Status.RUNNING, start_at=timezone.now() + timedelta(hours=1))

    move.run(job)

    assert job.status == Status.DONE


def test_a_job_for_later_is_checked_again_when_it_begins(move: Move) -> None:
    job = start_job(move.plan(), None, schedule=Schedule(start_at=timezone.now() + timedelta(hours=1)))
    move.source.vms.clear()
    MigrationJob.objects.filter(pk=job.pk).update(start_at=timezone.now())

    move.run(job)

    assert (job.status, job.failure_text) == (Status.FAILED, "HV01: WEB01 is not on HV01 any more.")


def test_the_priority_of_a_job_that_began_cannot_be_changed(move: Move) -> None:
    job = move.run(move.order())

    with pytest.raises(JobRefused, match="does not wait in the queue any more"):
        set_priority(job, 1, None)


def test_a_sweep_leaves_a_job_for_later_alone(move: Move) -> None:
    job = start_job(move.plan(), None, schedule=Schedule(start_at=timezone.now() + timedelta(hours=1)))
    before = MigrationJob.objects.values_list("phase", "version").get(pk=job.pk)

    sweep()

    assert MigrationJob.objects.values_list("phase", "version").get(pk=job.pk) == before
