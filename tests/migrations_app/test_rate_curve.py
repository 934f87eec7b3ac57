"""The rate of a job over its time: how its points are kept, and the picture on the page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from migrations_app.frames import job_context, job_snapshot
from migrations_app.history import forget_old_jobs
from migrations_app.models import MigrationJob, RateCurve
from migrations_app.rate_chart import RateChart, rate_chart
from migrations_app.rate_curve import EVERY_S, MOST_POINTS, RateRecord
from tests.fakes.moves import Move

MB = 1 << 20


class Clock:
    def __init__(self) -> None:
        self.at = timezone.now().replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.at

    def go_on(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def job(move: Move) -> MigrationJob:
    return move.order()


def copying(record: RateRecord, clock: Clock, seconds: int, *, begin_mb: int = 0) -> None:
    """50 MB/s, told twice a second."""
    record.keep(begin_mb * MB)
    for half in range(1, 2 * seconds + 1):
        clock.go_on(0.5)
        record.note((begin_mb + 25 * half) * MB)
    record.keep((begin_mb + 50 * seconds) * MB)


def gaps(job: MigrationJob) -> Iterator[float]:
    points = RateCurve.objects.get(job=job).points
    return (after[0] - before[0] for before, after in pairwise(points))


def drawn(job: MigrationJob) -> RateChart:
    picture = rate_chart(job)
    assert picture is not None
    return picture


def section(job: MigrationJob) -> str:
    return " ".join(render_to_string("migrations_app/_job_rate.html", job_context(job)).split())


def test_there_is_at_most_one_point_in_two_seconds_and_the_last_is_the_newest(job: MigrationJob) -> None:
    clock = Clock()

    copying(RateRecord(job.pk, clock), clock, 21)

    assert min(list(gaps(job))[:-1]) >= EVERY_S
    assert RateCurve.objects.get(job=job).points[-1] == [clock.at.timestamp(), 1050 * MB]


def test_a_job_of_hours_keeps_a_bounded_number_of_points(job: MigrationJob) -> None:
    clock = Clock()

    copying(RateRecord(job.pk, clock), clock, 3 * 3600)

    assert MOST_POINTS / 3 < len(RateCurve.objects.get(job=job).points) <= MOST_POINTS
    assert drawn(job).peak == pytest.approx(50 * MB)
    assert drawn(job).window.length == timedelta(hours=3)


def test_another_worker_goes_on_with_the_curve_and_the_time_between_is_flat(job: MigrationJob) -> None:
    clock = Clock()
    copying(RateRecord(job.pk, clock), clock, 10)
    clock.go_on(60)

    copying(RateRecord(job.pk, clock), clock, 10, begin_mb=500)

    picture = drawn(job)
    assert picture.window.length == timedelta(seconds=80)
    assert picture.mean == pytest.approx(50 * MB)
    assert any(x.split(",")[1] == "47.0" for x in picture.chart.lines[0].split())


def test_a_whole_move_leaves_its_curve_and_the_outage_in_it(move: Move, job: MigrationJob) -> None:
    move.run(job)

    assert RateCurve.objects.get(job=job).points[-1][1] == MigrationJob.objects.get(pk=job.pk).bytes_done
    assert "Paused by the job" in section(job)


def test_the_picture_says_in_words_what_it_shows(job: MigrationJob) -> None:
    clock = Clock()
    job.outage_began_at, job.outage_ended_at = clock.at + timedelta(seconds=5), clock.at + timedelta(seconds=6)
    copying(RateRecord(job.pk, clock), clock, 10)

    picture = drawn(job)

    assert picture.sentence.startswith("Rate of the copies over 10 s: 50 MB/s on average while copying, 50 MB/s at")
    assert (picture.outage_x, picture.outage_width) == (50.0, 10.0)
    assert picture.sentence in section(job)


def test_without_a_byte_the_page_says_so(job: MigrationJob) -> None:
    assert "The rate is drawn here as soon as something is copied." in section(job)
    job.status = MigrationJob.Status.CANCELLED
    assert "No rate was recorded" in section(job)


def test_who_looks_at_the_job_gets_the_curve_as_it_grows(job: MigrationJob) -> None:
    clock = Clock()
    before = job_snapshot(job.pk, None)
    copying(RateRecord(job.pk, clock), clock, 10)
    MigrationJob.objects.filter(pk=job.pk).update(version=999)

    after = job_snapshot(job.pk, before)

    assert after is not None
    assert 'aria-label="Rate of the copies over 10 s' in after.parts["job-rate"]


def test_another_try_begins_a_new_curve(move: Move, job: MigrationJob) -> None:
    move.target.fail("register")
    first = RateCurve.objects.get(job=move.run(job)).points[0]

    move.retry(job)

    assert RateCurve.objects.get(job=job).points[0][0] > first[0]


def test_the_curve_goes_with_the_history_of_its_job(move: Move, job: MigrationJob) -> None:
    move.run(job)
    MigrationJob.objects.filter(pk=job.pk).update(ended_at=timezone.now() - timedelta(days=4000))

    forget_old_jobs(timezone.now())

    assert not RateCurve.objects.exists()
