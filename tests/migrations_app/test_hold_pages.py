"""What the pages say of a job that holds or skipped a round, and the buttons on them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hosts.access import Role
from migrations_app.engine.plan import Plan
from migrations_app.models import MigrationJob
from migrations_app.plans import choices_of
from tests.fakes.moves import Move
from tests.migrations_app.wizard import Wizard, said
from tests.people import person


@pytest.fixture
def job(move: Move) -> MigrationJob:
    """WEB01 is copied and waits for tomorrow."""
    job = move.order()
    MigrationJob.objects.filter(pk=job.pk).update(holds=True, cut_over_from=timezone.now() + timedelta(days=1))
    return move.run(job)


def page(client: Client, job: MigrationJob) -> str:
    return client.get(reverse("job-page", args=[job.pk])).content.decode()


def test_the_page_of_a_job_that_holds_says_so_and_offers_its_cut_over(signed_in: Client, job: MigrationJob) -> None:
    text = page(signed_in, job)

    assert "WEB01 keeps running on HV01 and is kept in sync; the cut-over is planned for <time" in text
    assert "Hold until the cut-over" in text
    assert 'popovertarget="confirm-cut-over"' in text
    assert 'popovertarget="choose-window"' in text


def test_a_skipped_round_is_shown_with_its_reason(move: Move, signed_in: Client) -> None:
    text = page(signed_in, move.run(move.order()))

    assert "Make another checkpoint (round 3)" in text
    assert "Skipped" in text
    assert "another round would" in text
    assert "verb-cut-over" not in text


def test_the_cut_over_is_ordered_by_a_button(signed_in: Client, job: MigrationJob, move: Move) -> None:
    answer = signed_in.post(reverse("job-cut-over", args=[job.pk]), follow=True)

    assert "operator ordered the cut-over of WEB01." in answer.content.decode()
    assert "its cut-over is ordered." in answer.content.decode()
    assert move.run(job).status == MigrationJob.Status.DONE


def test_another_window_is_chosen_on_the_page(signed_in: Client, job: MigrationJob) -> None:
    window = {"opens_at": "2099-01-02T03:00", "closes_at": "2099-01-02T05:00"}

    signed_in.post(reverse("job-window", args=[job.pk]), window)

    job.refresh_from_db()
    assert (job.cut_over_from, job.not_before) == (datetime(2099, 1, 2, 3, tzinfo=UTC), None)
    assert 'value="2099-01-02T03:00"' in page(signed_in, job)


@pytest.mark.parametrize(
    ("opens_at", "closes_at", "reason"),
    [
        ("", "", "Give the time at which the window opens."),
        ("soon", "", "The time at which the window opens is no date and time."),
        ("2099-01-02T03:00", "2099-01-02T02:00", "The window closes before it opens"),
        ("2001-01-02T03:00", "2001-01-02T04:00", "The window has passed already"),
    ],
)
def test_a_window_that_is_none_changes_nothing_and_says_why(
    signed_in: Client, job: MigrationJob, opens_at: str, closes_at: str, reason: str
) -> None:
    before = job.cut_over_from

    answer = signed_in.post(
        reverse("job-window", args=[job.pk]), {"opens_at": opens_at, "closes_at": closes_at}, follow=True
    )

    job.refresh_from_db()
    assert f"The window was not changed. {reason}" in answer.content.decode()
    assert job.cut_over_from == before


def test_a_manager_orders_nothing(signed_in: Client, operator: User, job: MigrationJob) -> None:
    person(operator.username, Role.MANAGER)

    answers = [signed_in.post(reverse(name, args=[job.pk])) for name in ("job-cut-over", "job-window")]

    job.refresh_from_db()
    assert ([answer.status_code for answer in answers], job.cut_over_ordered) == ([403, 403], False)


def test_a_job_that_has_ended_refuses_with_the_reason(signed_in: Client, move: Move) -> None:
    job = move.run(move.order())

    answer = signed_in.post(reverse("job-cut-over", args=[job.pk]), follow=True)

    assert "The job has ended: Completed." in answer.content.decode()


@pytest.mark.parametrize(("given", "planned"), [("", 3), ("0", 0), ("8", 8)])
def test_the_number_of_rounds_is_an_option_of_the_wizard(wizard: Wizard, given: str, planned: int) -> None:
    wizard.move(rounds=given)

    plan = Plan.from_json(MigrationJob.objects.get().plan)
    assert plan.max_rounds == planned
    assert choices_of(plan, wizard.vm, wizard.vm.host).max_rounds == planned


def test_more_rounds_than_are_sensible_are_refused_with_a_sentence(wizard: Wizard) -> None:
    answer = wizard.move(rounds="9")

    assert "Give the rounds as a whole number from 0 to 8, or leave it empty." in said(answer)
    assert not MigrationJob.objects.exists()
