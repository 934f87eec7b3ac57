"""The outage as forecast, by the job and from outside, on the page of the job."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone
from pytest_django.fixtures import Settings

from hosts.providers.types import VmState
from migrations_app.availability import Seen, availability
from migrations_app.frames import job_context
from migrations_app.models import AvailabilitySpan, MigrationJob
from tests.fakes.moves import Move

Status = MigrationJob.Status
Piece = tuple[float, float, bool]
AROUND: tuple[Piece, ...] = ((0, 10, True), (10.1, 18.9, False), (19, 60, True))


@pytest.fixture
def job(move: Move, settings: Settings) -> MigrationJob:
    """Moved with an outage of nine seconds, ten seconds after it began."""
    settings.PROBES = ["ping"]
    job, began_at = move.order(), timezone.now() - timedelta(minutes=2)
    job.status, job.started_at = Status.DONE, began_at
    job.outage_began_at, job.outage_ended_at = began_at + timedelta(seconds=10), began_at + timedelta(seconds=19)
    job.save()
    return job


def watched(job: MigrationJob, *pieces: Piece) -> Seen:
    began_at = job.started_at or timezone.now()
    AvailabilitySpan.objects.bulk_create(_span(job, began_at, *piece) for piece in pieces)
    shown = availability(job)
    assert shown is not None
    assert shown.seen is not None
    return shown.seen


def section(job: MigrationJob) -> str:
    return " ".join(render_to_string("migrations_app/_job_availability.html", job_context(job)).split())


def test_an_outage_is_shown_with_its_length_and_how_closely_it_was_seen(job: MigrationJob) -> None:
    seen = watched(job, *AROUND)

    assert (seen.length, seen.others, seen.doubt) == ("9 s", 0, "")
    assert seen.sentence == "WEB01 did not answer for 9 s, asked from outside; then it answered again."
    assert "to within 0.2 s" in section(job)


def test_an_outage_that_lasts_longer_from_outside_is_said(job: MigrationJob) -> None:
    seen = watched(job, (0, 10, True), (10.1, 20.9, False), (21, 60, True))

    assert seen.doubt.startswith("Seen from outside it was 2 s longer than by the job, which counts from the order")


def test_a_probe_that_was_answered_all_along_is_called_worthless(job: MigrationJob) -> None:
    assert watched(job, (0, 60, True)).doubt.startswith("All was answered although WEB01 was paused")


def test_an_outage_that_nobody_watched_is_said(job: MigrationJob) -> None:
    assert watched(job, (0, 5, True), (30, 60, True)).doubt == "Nobody looked during the outage."


def test_a_vm_that_is_not_heard_again_is_said(job: MigrationJob) -> None:
    assert watched(job, *AROUND[:2]).doubt == "WEB01 was not heard again while it was watched."


def test_an_outage_seen_with_a_gap_is_a_range(job: MigrationJob) -> None:
    assert watched(job, (0, 10, True), (10.1, 13.1, False), (22, 60, True)).length == "3 to 12 s"


def test_a_lost_probe_far_from_the_outage_is_another_matter(job: MigrationJob) -> None:
    seen = watched(job, (0, 3, True), (4, 4, False), (5, 10, True), *AROUND[1:])

    assert (seen.length, seen.others) == ("9 s", 1)
    assert "WEB01 did not answer at 1 other moment." in section(job)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"status": Status.QUEUED}, "WEB01 is asked from outside as soon as the move begins"),
        ({"status": Status.RUNNING}, "WEB01 is being asked from outside for the first time."),
        ({"unobserved": "HV01 reports no address of it."}, "not observed from outside. HV01 reports no address of it."),
        ({}, "WEB01 is not observed from outside. Nobody looked while this job ran."),
    ],
)
def test_what_is_not_observed_says_why(job: MigrationJob, fields: dict[str, str], sentence: str) -> None:
    MigrationJob.objects.filter(pk=job.pk).update(**fields)
    job.refresh_from_db()

    assert sentence in section(job)
    assert "seen-strip" not in section(job)


def test_with_no_probe_in_the_settings_that_is_the_reason(job: MigrationJob, settings: Settings) -> None:
    settings.PROBES = []

    assert "Ferry is set to ask no virtual machine (FERRY_PROBES)." in section(job)


def test_in_the_outage_it_lasts_so_far(job: MigrationJob) -> None:
    job.status, job.outage_ended_at = Status.RUNNING, None
    watched(job, *AROUND[:2])

    assert "8.9 s so far" in section(job)


def test_a_vm_that_stands_still_is_not_watched(move: Move) -> None:
    job = move.anew(VmState.OFF).order()

    assert availability(job) is None
    assert "there is no outage" in section(job)


def _span(job: MigrationJob, zero: datetime, began_s: float, ended_s: float, is_up: bool) -> AvailabilitySpan:
    began_at, ended_at = zero + timedelta(seconds=began_s), zero + timedelta(seconds=ended_s)
    return AvailabilitySpan(job=job, began_at=began_at, ended_at=ended_at, is_up=is_up, method="ping 10.0.0.7")
