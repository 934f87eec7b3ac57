"""The forecast of a job while it runs: from what is measured in it, until the VM is saved."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from hosts.providers.types import VmState
from migrations_app.live_forecast import LiveForecast, latest, outage_of
from migrations_app.models import JobStep, MigrationJob
from tests.fakes.moves import Move
from tests.migrations_app.past_jobs import MB, host, past_job

GB = 1000 * MB


@pytest.fixture
def job(db: None) -> MigrationJob:
    """It runs since a minute; the first copy began 50 s ago."""
    found = past_job(host("HV01"), host("HV02"), status="running", plan_disk_bytes=10 * GB)
    found.outage_began_at = found.outage_ended_at = found.ended_at = None
    found.started_at = timezone.now() - timedelta(seconds=60)
    found.save()
    found.steps.all().delete()
    step(found, "checkpoint", ago_s=(55, 50))
    return found


def step(job: MigrationJob, key: str, ago_s: tuple[float, float | None] | None = None, **fields: int) -> JobStep:
    """Begun and ended so many seconds ago; not ended: it runs; neither: it is pending."""
    begun, ended = ago_s or (None, None)
    status = "pending" if begun is None else "running" if ended is None else "done"
    times = [None if ago is None else timezone.now() - timedelta(seconds=ago) for ago in (begun, ended)]
    names = dict(zip(("started_at", "ended_at"), times, strict=True))
    return JobStep.objects.create(job=job, position=job.steps.count(), key=key, status=status, **names, **fields)


def told(job: MigrationJob, fields: dict[str, object]) -> MigrationJob:
    job.forecast = fields["forecast"]
    return job


def test_what_is_left_goes_at_the_rate_of_this_copy(job: MigrationJob) -> None:
    copy = step(job, "copy", (50, None), bytes_done=5 * GB, bytes_total=10 * GB)

    found = latest(told(job, LiveForecast(job).of_report(copy, 100 * MB)))

    assert found is not None
    assert found.pause_at is not None
    assert (found.pause_at - timezone.now()).total_seconds() == pytest.approx(50, abs=2)
    assert found.rate_bytes_per_s == 100 * MB
    assert "measured in this job" in found.reason


def test_a_live_move_has_its_memory_to_send_and_no_outage(job: MigrationJob) -> None:
    job.plan |= {"is_live": True}
    sending = step(job, "live-move", (50, None))
    before = latest(told(job, LiveForecast(job).of_report(sending, 0)))
    sending.bytes_done, sending.bytes_total = 5 * GB, 11 * GB

    found = latest(told(job, LiveForecast(job).of_report(sending, 100 * MB)))

    assert before is not None
    assert found is not None
    assert before.left_s * before.rate_bytes_per_s > 11 * GB
    assert found.rate_bytes_per_s == 100 * MB
    assert found.left_s == pytest.approx(60, abs=15)
    assert (found.pause_at, found.outage_high_s, outage_of(job)) == (None, 0, None)


def test_rounds_to_come_are_before_the_pause_and_make_it_shorter(job: MigrationJob) -> None:
    copy = step(job, "copy", (50, None), bytes_done=5 * GB, bytes_total=10 * GB)
    without = latest(told(job, LiveForecast(job).of_report(copy, 100 * MB)))
    step(job, "copy-delta")

    found = latest(told(job, LiveForecast(job).of_report(copy, 100 * MB)))

    assert found is not None
    assert without is not None
    assert found.outage_high_s < without.outage_high_s
    assert found.pause_at is not None
    assert without.pause_at is not None
    assert found.pause_at > without.pause_at


def test_a_round_tells_how_fast_the_vm_writes(job: MigrationJob) -> None:
    step(job, "copy", (50, 10), bytes_done=4 * GB, bytes_total=4 * GB)
    delta = step(job, "copy-delta", (10, None), bytes_done=0, bytes_total=400 * MB)

    found = latest(told(job, LiveForecast(job).of_report(delta, 0)))

    assert found is not None
    assert found.write_rate_bytes_per_s == pytest.approx(10 * MB, rel=0.01)
    assert found.rate_bytes_per_s == pytest.approx(100 * MB, rel=0.01)


def test_a_forecast_is_not_renewed_with_every_report(job: MigrationJob) -> None:
    copy, live = step(job, "copy", (50, None), bytes_total=10 * GB), LiveForecast(job)

    assert live.of_report(copy, 0) != {}
    assert live.of_report(copy, 0) == {}
    assert live.of_step(step(job, "save", (0, None))) != {}


@pytest.mark.parametrize("fields", [{"outage_began_at": timezone.now()}, {"direction": "undo"}])
def test_in_the_outage_and_on_the_way_back_it_stands_still(job: MigrationJob, fields: dict[str, object]) -> None:
    for name, value in fields.items():
        setattr(job, name, value)

    assert LiveForecast(job).of_step(step(job, "register", (0, None))) == {}


def test_a_limit_that_is_set_while_it_runs_holds_the_rate_down(job: MigrationJob) -> None:
    copy = step(job, "copy", (50, None), bytes_done=5 * GB, bytes_total=10 * GB)
    job.limit_bytes_per_s = 10 * MB

    found = latest(told(job, LiveForecast(job).of_report(copy, 100 * MB)))

    assert found is not None
    assert found.rate_bytes_per_s == 10 * MB


def test_a_job_with_a_window_expects_its_pause_when_the_window_opens(job: MigrationJob) -> None:
    job.holds, job.cut_over_from = True, timezone.now() + timedelta(hours=3)
    found = latest(told(job, LiveForecast(job).of_step(step(job, "mark", (1, None)))))

    assert found is not None
    assert found.pause_at == job.cut_over_from

    job.cut_over_from = None
    found = latest(told(job, LiveForecast(job).of_step(step(job, "mark", (1, None)))))
    assert found is not None
    assert (found.pause_at, found.ends_at) == (None, None)


@pytest.mark.parametrize("kept", [None, {}, {"outage_low_s": 3}])
def test_what_is_no_forecast_is_read_as_none(job: MigrationJob, kept: dict[str, float] | None) -> None:
    job.forecast = kept

    assert latest(job) is None


def test_a_job_renews_its_forecast_until_the_save_and_keeps_the_last(move: Move) -> None:
    job, seen = move.order(), {}

    def look(verb: str) -> None:
        seen[verb] = latest(MigrationJob.objects.get(pk=job.pk))

    for verb in ("mark", "save"):
        move.source.on_call[verb] = partial(look, verb)
    move.run(job)

    assert job.status == MigrationJob.Status.DONE, job.failure_text
    assert seen["mark"] is not None
    assert seen["save"] is not None
    assert job.outage_began_at is not None
    assert seen["mark"].as_of < seen["save"].as_of <= job.outage_began_at
    assert seen["mark"].left_s > seen["save"].left_s
    assert latest(job) == seen["save"]


def test_a_vm_that_stands_still_has_a_forecast_without_a_pause(move: Move) -> None:
    still = move.anew(VmState.OFF)
    job = still.run(still.order())

    found = latest(job)

    assert found is not None
    assert found.pause_at is None
    assert found.ends_at is not None
