"""A host of the emulated lab is emptied: real WinRM, real files, real guests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from hosts.models import Host
from lab.hyperv.spec import LabSpec, VmSpec, small_spec
from migrations_app.batch_progress import evacuation_of
from migrations_app.batches import approve, plan_evacuation
from migrations_app.models import MigrationJob
from migrations_app.tasks import sweep
from tests.lab_moves import LabMove

pytestmark = pytest.mark.lab


def crowded_spec() -> LabSpec:
    """HV01 with three VMs that run, one that is off, and one with an image in its drive that no other host has."""
    small = small_spec()
    first, *others = small.hosts
    web = first.vms[0]
    more: tuple[VmSpec, ...] = (
        replace(web, name="MAIL01"),
        replace(web, name="OLD01", is_running=False),
        replace(web, name="CD01", dvd_paths=("D:\\ISO\\tools.iso",)),
    )
    return replace(small, hosts=(replace(first, vms=(*first.vms, *more)), *others))


@pytest.fixture
def crowded(transactional_db: None, settings: Settings, tmp_path: Path) -> Iterator[LabMove]:
    settings.POLL_MS = 20
    move = LabMove(tmp_path / "lab", crowded_spec())
    yield move
    move.lab.destroy()


def test_everything_that_can_move_leaves_and_the_rest_is_listed(crowded: LabMove) -> None:
    before = crowded.before()
    host = Host.objects.get(name="HV01")

    approve(plan_evacuation(host, None, with_stopped=True), None)
    while (job := MigrationJob.objects.filter(status__in=MigrationJob.OPEN).order_by("pk").first()) is not None:
        sweep()
        assert crowded.run(job).status == MigrationJob.Status.DONE, job.failure_text

    progress = evacuation_of(Host.objects.get(name="HV01"))
    assert progress is not None
    assert progress.sentence == "4 of 5 moved; 1 not moved."
    assert [line.entry.vm_name for line in progress.troubled] == ["CD01"]
    assert "tools.iso is in the DVD drive of CD01" in progress.troubled[0].reason
    running = {name: crowded.lab.running(name) for name in ("WEB01", "DB01", "MAIL01", "CD01")}
    assert running == {"WEB01": ["HV02"], "DB01": ["HV02"], "MAIL01": ["HV02"], "CD01": ["HV01"]}
    assert not crowded.source.has_vm("OLD01")
    crowded.assert_moved(MigrationJob.objects.get(vm_name="WEB01"), before)
