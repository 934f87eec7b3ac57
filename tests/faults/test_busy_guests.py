"""A guest that writes a lot while it is moved: less travels in its outage, and every byte arrives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from lab.hyperv.spec import DiskSpec, LabSpec, small_spec
from migrations_app.holds import cut_over_now
from migrations_app.models import JobStep, MigrationJob
from tests.lab_moves import LabMove, wait_until

Status = MigrationJob.Status
LIMIT = 2 << 20


def busy_spec() -> LabSpec:
    """WEB01 writes half a megabyte a second."""
    spec = small_spec(disk=DiskSpec(size_mb=40, fill_mb=24, record_bytes=16384))
    web, *others = spec.hosts[0].vms
    source = replace(spec.hosts[0], vms=(replace(web, records_per_s=32.0), *others))
    return replace(spec, hosts=(source, *spec.hosts[1:]))


@pytest.fixture
def busy_move(transactional_db: None, settings: Settings, tmp_path: Path) -> Iterator[LabMove]:
    settings.POLL_MS = 20
    move = LabMove(tmp_path / "lab", busy_spec())
    yield move
    move.lab.destroy()


def last_bytes(job: MigrationJob) -> int:
    """What travelled in the outage, but for the memory."""
    files = job.steps.get(key="copy-rest").result["files"]
    return sum(file["size_bytes"] for file in files if file["source_path"].endswith("vhdx"))


@pytest.mark.parametrize("max_rounds", [0, 3])
def test_a_busy_guest_arrives_whole_and_rounds_leave_less_for_its_outage(busy_move: LabMove, max_rounds: int) -> None:
    before, job = busy_move.before(), busy_move.order(limit_bytes_per_s=LIMIT, max_rounds=max_rounds)

    busy_move.run(job)

    assert job.status == Status.DONE, job.failure_text
    busy_move.assert_moved(job, before)
    done = job.steps.filter(key="copy-delta", status=JobStep.Status.DONE)
    assert done.exists() == bool(max_rounds)
    assert (last_bytes(job) > 4 << 20) == (max_rounds == 0)


def test_a_held_guest_is_cut_over_by_hand_and_arrives_whole(busy_move: LabMove) -> None:
    before, job = busy_move.before(), busy_move.order()
    MigrationJob.objects.filter(pk=job.pk).update(holds=True)
    busy_move.run_once(job)
    assert job.phase == "Holding until the cut-over is ordered"
    assert busy_move.lab.running("WEB01") == ["HV01"]
    wait_until(lambda: busy_move.before().last_record > before.last_record + 64, "the guest has written")

    cut_over_now(job, None)
    busy_move.run_once(job)

    assert job.status == Status.DONE, job.failure_text
    busy_move.assert_moved(job, before)
