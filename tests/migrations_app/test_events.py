"""The log of a job: numbers without gaps, whoever writes at the same time, and whatever of it is taken back."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.db.models import F

from migrations_app.events import add_event
from migrations_app.models import JobEvent, MigrationJob
from tests.fakes.moves import Move

WRITERS = 8
EACH = 15


def numbers(job: MigrationJob) -> list[int]:
    return list(job.events.values_list("number", flat=True))


def write_some(job: MigrationJob) -> None:
    for n in range(EACH):
        add_event(job.pk, f"{n}")


def in_threads(*works: Callable[[], None]) -> None:
    """Each with a connection of its own; raises what a work raised."""

    def closing(work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        list(pool.map(closing, works))


@pytest.fixture
def two_jobs(transactional_db: None) -> list[MigrationJob]:
    job = Move().order()
    other = MigrationJob.objects.create(vm_uid="other", vm_name="DB01", plan=job.plan)
    JobEvent.objects.all().delete()
    MigrationJob.objects.update(last_event=0)
    return [job, other]


def test_writers_at_the_same_time_leave_no_gap_and_use_no_number_twice(two_jobs: list[MigrationJob]) -> None:
    def write(job: MigrationJob, writer: int) -> None:
        for n in range(EACH):
            add_event(job.pk, f"{writer} says {n}")

    in_threads(*(lambda job=job, w=w: write(job, w) for w in range(WRITERS) for job in two_jobs))

    for job in two_jobs:
        assert numbers(job) == list(range(1, WRITERS * EACH + 1))
        said = [text.split(" says ") for text in job.events.values_list("text", flat=True)]
        for writer in range(WRITERS):
            assert [n for who, n in said if who == str(writer)] == [str(n) for n in range(EACH)]


def test_an_event_that_was_taken_back_leaves_no_gap(two_jobs: list[MigrationJob]) -> None:
    job = two_jobs[0]

    def write(is_kept: bool) -> None:
        for n in range(EACH):
            with transaction.atomic():
                add_event(job.pk, f"{n}")
                transaction.set_rollback(not is_kept)

    in_threads(*(lambda kept=kept: write(kept) for kept in (True, False) * 3))

    assert numbers(job) == list(range(1, 3 * EACH + 1))


def test_whoever_reads_up_to_a_number_never_misses_one_before_it(two_jobs: list[MigrationJob]) -> None:
    job, gaps = two_jobs[0], []

    def read() -> None:
        while (seen := numbers(job))[-1:] != [WRITERS * EACH]:
            if seen != list(range(1, len(seen) + 1)):
                gaps.append(seen)

    in_threads(read, *[lambda: write_some(job)] * WRITERS)

    assert gaps == []


def test_the_number_is_taken_while_another_writer_changes_the_row(two_jobs: list[MigrationJob]) -> None:
    job = two_jobs[0]

    def change() -> None:
        for _ in range(EACH):
            MigrationJob.objects.filter(pk=job.pk).update(version=F("version") + 1)

    in_threads(change, lambda: write_some(job), change)

    job.refresh_from_db()
    assert (job.last_event, job.version) == (EACH, two_jobs[0].version)
    assert numbers(job) == list(range(1, EACH + 1))
