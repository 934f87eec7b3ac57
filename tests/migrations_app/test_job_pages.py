"""The list of jobs and the page of a job, in the words of somebody who asks what happens to the VM."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hosts.providers.errors import NotEnoughMemory, Refused
from migrations_app.failures import Failure, failure_of
from migrations_app.models import JobStep, MigrationJob
from migrations_app.words import describe
from tests.fakes.moves import Move
from tests.migrations_app.past_jobs import latest_forecast

Status = MigrationJob.Status


@pytest.fixture
def job(move: Move) -> MigrationJob:
    return move.order()


def page(client: Client, job: MigrationJob) -> str:
    return client.get(reverse("job-page", args=[job.pk])).content.decode()


def test_a_waiting_job_says_that_the_vm_keeps_running(job: MigrationJob) -> None:
    assert describe(job).text == "WEB01 waits to be moved to HV02. It keeps running."


def test_a_running_job_says_what_to_expect_and_when(job: MigrationJob) -> None:
    now = timezone.now()
    job.status, job.forecast = Status.RUNNING, latest_forecast(now, outage_low_s=8.2, outage_high_s=11.5)

    words = describe(job)

    assert words.text == "WEB01 is being moved from HV01 to HV02. It keeps running. Expect a pause of 8 to 12 s"
    assert words.pause_at == now + timedelta(minutes=5)


def test_before_its_first_forecast_a_running_job_says_what_was_planned(job: MigrationJob) -> None:
    job.status = Status.RUNNING

    assert "Expect a pause of 5 to 32 s" in describe(job).text


def test_during_the_outage_the_page_says_paused(job: MigrationJob) -> None:
    job.status, job.outage_began_at = Status.RUNNING, timezone.now()

    assert describe(job).text.startswith("WEB01 is paused while it changes hosts.")


def test_a_job_that_is_done_says_how_long_the_outage_was(job: MigrationJob) -> None:
    now = timezone.now()
    job.status, job.outage_began_at, job.outage_ended_at = Status.DONE, now, now + timedelta(seconds=9)

    assert describe(job).text == "WEB01 was moved and runs on HV02. It was not available for 9 s."


def test_a_job_that_failed_says_what_where_why_and_what_to_do(move: Move, signed_in: Client) -> None:
    move.target.fail("register")
    job = move.run(move.order())

    text = page(signed_in, job)

    assert "What failed, and what to do" in text
    assert "Recommended action" in text
    assert job.failure_text in text
    assert "WEB01 is running on HV01." in text
    assert 'form="retry-form"' in text


def test_a_failure_is_told_by_its_step_its_host_and_its_reason(move: Move, signed_in: Client) -> None:
    move.target.fail("register", Refused("HV02", "The disk is in use."))
    job = move.run(move.order())

    failure, text = failure_of(job), page(signed_in, job)

    assert failure is not None
    assert failure.step is not None
    assert (failure.step.key, failure.host, failure.why) == ("register", "HV02", "The disk is in use.")
    assert f"Step {failure.step.number}, {failure.step.title}" in text
    assert "<dt>On the host</dt><dd>HV02</dd>" in text


def test_after_an_outage_that_was_undone_the_picture_has_the_vm_where_it_is(move: Move, signed_in: Client) -> None:
    move.target.fail("start", NotEnoughMemory("HV02", "There is no memory left."))
    job = move.run(move.order())

    text = page(signed_in, job)

    assert job.outage_ended_at is not None
    assert "WEB01 has left" not in text
    assert "Nothing of this job" in text


def test_a_job_that_failed_before_its_first_step_names_none(job: MigrationJob) -> None:
    job.failure_text = "HV02 was removed from Ferry."

    assert failure_of(job) == Failure(None, "", "HV02 was removed from Ferry.")


def test_a_whole_move_is_told_step_by_step(move: Move, signed_in: Client) -> None:
    job = move.run(move.order())

    text = page(signed_in, job)

    assert text.count("Completed") > job.steps.filter(status=JobStep.Status.DONE).count()
    assert f'data-seq="{job.last_event}"' in text
    assert "Only a job that failed or was cancelled can be tried again." in text


def test_cancel_asks_the_job_to_end(job: MigrationJob, signed_in: Client) -> None:
    answer = signed_in.post(reverse("job-cancel", args=[job.pk]), follow=True)

    job.refresh_from_db()
    assert job.cancel_requested
    assert "operator asked to cancel the move." in answer.content.decode()


def test_a_verb_that_is_not_possible_is_refused_with_the_reason(job: MigrationJob, signed_in: Client) -> None:
    answer = signed_in.post(reverse("job-retry", args=[job.pk]), follow=True)

    assert "Only a job that failed or was cancelled can be tried again." in answer.content.decode()
    assert signed_in.get(reverse("job-cancel", args=[job.pk])).status_code == 405


def test_the_list_is_narrowed_by_status_owner_and_words(job: MigrationJob, signed_in: Client) -> None:
    def found(**query: str) -> bool:
        return f'id="job-row-{job.pk}"' in signed_in.get(reverse("job-list"), query).content.decode()

    assert found()
    assert found(show="running")
    assert found(q="web01 hv02")
    assert not found(show="failed")
    assert not found(show="mine")
    assert not found(q="elsewhere")


def test_text_from_a_host_is_shown_as_text(job: MigrationJob, signed_in: Client) -> None:
    MigrationJob.objects.filter(pk=job.pk).update(status=Status.FAILED, failure_text="<script>alert(1)</script>")

    text = page(signed_in, job)

    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text
