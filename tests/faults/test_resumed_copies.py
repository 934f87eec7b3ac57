"""A host that loses power in the middle of a copy: the copy goes on at its offset as soon as the host is back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from lab.hyperv.pace import CHUNK_BYTES
from lab.hyperv.spec import DiskSpec, HostSpec, LabSpec, VmSpec
from migrations_app.jobs import change_limit
from migrations_app.models import JobStep, MigrationJob
from tests.lab_moves import LabMove, wait_until

MB = 1 << 20
SPEC = LabSpec(
    hosts=(
        HostSpec("HV01", vms=(VmSpec("WEB01", memory_mb=8, disks=(DiskSpec(size_mb=24, fill_mb=20),)),)),
        HostSpec("HV02"),
    )
)


@pytest.fixture
def lab_move(transactional_db: None, settings: Settings, tmp_path: Path) -> Iterator[LabMove]:
    settings.POLL_MS = 20
    move = LabMove(tmp_path / "lab", SPEC)
    yield move
    move.lab.destroy()


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_copy_goes_on_at_its_offset_after_a_host_lost_power(lab_move: LabMove, side: str) -> None:
    job = lab_move.order(limit_bytes_per_s=4 * MB)
    worker = threading.Thread(target=_work, args=(lab_move, job))
    worker.start()
    wait_until(lambda: _copied(job) > 8 * MB, "a part of the disk is there")

    getattr(lab_move, side).kill()
    getattr(lab_move, side).start()
    change_limit(job, 0, None)
    worker.join()

    job.refresh_from_db()
    assert job.status == MigrationJob.Status.DONE, job.failure_text
    (file,) = job.steps.get(key="copy").result["files"]
    assert 0 < file["sent_bytes"] <= file["size_bytes"] + CHUNK_BYTES
    assert lab_move.lab.running("WEB01") == ["HV02"]


def _copied(job: MigrationJob) -> int:
    step = JobStep.objects.filter(job=job, key="copy").first()
    return step.bytes_done if step else 0


def _work(lab_move: LabMove, job: MigrationJob) -> None:
    try:
        lab_move.run(MigrationJob.objects.get(pk=job.pk))
    finally:
        connection.close()
