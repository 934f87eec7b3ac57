"""The bandwidth of a job: its own limit, its part of what its hosts allow, and changing it while the job runs."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from hosts.models import Host
from migrations_app.jobs import JobRefused, change_limit
from migrations_app.limits import limit_now
from migrations_app.models import JobStep, MigrationJob
from tests.fakes.moves import Move

MB = 1 << 20


@pytest.fixture
def job(move: Move) -> MigrationJob:
    return move.order(limit_bytes_per_s=50 * MB)


def copying(move: Move, source: Host, target: Host) -> MigrationJob:
    """Another job that copies from one host to the other at this moment."""
    plan = move.plan().to_json()
    job = MigrationJob.objects.create(
        vm_uid=f"vm-{MigrationJob.objects.count()}", source=source, target=target, plan=plan, status="running"
    )
    JobStep.objects.create(job=job, position=0, number="1", key="copy", title="", status=JobStep.Status.RUNNING)
    return job


def allow(row: Host, mb_per_s: int) -> None:
    Host.objects.filter(pk=row.pk).update(move_limit_bytes_per_s=mb_per_s * MB)


def page(client: Client, job: MigrationJob) -> str:
    return client.get(reverse("job-page", args=[job.pk])).content.decode()


def test_a_job_begins_with_the_limit_of_its_plan(job: MigrationJob) -> None:
    assert (job.limit_bytes_per_s, limit_now(job.pk)) == (50 * MB, 50 * MB)


def test_without_any_limit_there_is_none(move: Move) -> None:
    assert limit_now(move.order().pk) == 0


def test_a_host_divides_its_limit_by_the_jobs_that_copy_there_now(move: Move, job: MigrationJob) -> None:
    source, target = move.rows
    allow(source, 60)
    mine, other = copying(move, source, target), copying(move, target, source)
    MigrationJob.objects.create(vm_uid="waits", source=source, target=target, plan={}, status="running")

    assert limit_now(mine.pk) == 30 * MB
    other.steps.update(status=JobStep.Status.DONE)
    assert limit_now(mine.pk) == 60 * MB


def test_the_least_of_the_three_limits_counts(move: Move, job: MigrationJob) -> None:
    allow(move.rows[0], 40)
    allow(move.rows[1], 20)

    assert limit_now(job.pk) == 20 * MB
    change_limit(job, 10 * MB, None)
    assert limit_now(job.pk) == 10 * MB


def test_the_copies_are_ordered_with_the_limit_that_the_job_has_now(move: Move, job: MigrationJob) -> None:
    move.source.on_call["checkpoint"] = lambda: change_limit(job, 5 * MB, None)

    move.run(job)

    assert set(move.target.limits) == {5 * MB}


def test_a_limit_is_changed_on_the_page_and_the_log_says_by_whom(job: MigrationJob, signed_in: Client) -> None:
    answer = signed_in.post(reverse("job-limit", args=[job.pk]), {"limit": "7"}, follow=True)

    job.refresh_from_db()
    assert job.limit_bytes_per_s == 7 * MB
    assert "operator changed the bandwidth limit from 50 MB/s to 7 MB/s." in answer.content.decode()
    assert 'value="7"' in answer.content.decode()


def test_an_empty_limit_takes_it_away(job: MigrationJob, signed_in: Client) -> None:
    html = signed_in.post(reverse("job-limit", args=[job.pk]), {"limit": ""}, follow=True).content.decode()

    assert "from 50 MB/s to none." in html
    assert "Not limited" in html


@pytest.mark.parametrize("entered", ["0", "-3", "1.5", "fast", "100001", "9" * 30])
def test_a_limit_that_makes_no_sense_changes_nothing(job: MigrationJob, signed_in: Client, entered: str) -> None:
    html = signed_in.post(reverse("job-limit", args=[job.pk]), {"limit": entered}, follow=True).content.decode()

    job.refresh_from_db()
    assert job.limit_bytes_per_s == 50 * MB
    assert "Nothing was changed. Give the limit as a whole number of MB/s from 1 to 100,000" in html


def test_a_job_that_copies_nothing_any_more_takes_no_limit(move: Move, job: MigrationJob, signed_in: Client) -> None:
    move.run(job)

    with pytest.raises(JobRefused, match="The job has ended"):
        change_limit(job, 1, None)
    assert "Set limit" not in page(signed_in, job)
    signed_in.post(reverse("job-limit", args=[job.pk]), {"limit": "7"})
    job.refresh_from_db()
    assert job.limit_bytes_per_s == 50 * MB


def test_the_page_says_what_the_hosts_allow(move: Move, job: MigrationJob, signed_in: Client) -> None:
    allow(move.rows[1], 100)

    assert "HV02 allows all its moves together 100 MB/s." in page(signed_in, job)
