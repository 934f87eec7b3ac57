"""Measures one move of a running VM: copy rate against cp, outage against what the bytes need, memory of the server."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from django.conf import settings

from console.first_run import migrate_database
from console.one_move import best_target, follow, order_move, wait_for_vm
from hosts import units
from lab.hyperv.checker import Observer
from lab.hyperv.control import Lab
from lab.hyperv.spec import DiskSpec, HostSpec, LabSpec, VmSpec
from migrations_app.models import MigrationJob
from scripts.benchmarks.process import running_server
from scripts.benchmarks.table import Row

VM = "WEB01"
DISK_MB = 1024
MEMORY_MB = 128
COPY_RATIO = 0.7
RESIDENT_MB = 250


@dataclass(frozen=True, slots=True)
class Transfer:
    """So many bytes in so many seconds."""

    size_bytes: int
    seconds: float

    @property
    def bytes_per_s(self) -> float:
        return self.size_bytes / self.seconds


def measure_moving() -> list[Row]:
    """The rows of copy rate, outage and memory, from one move in a lab that is made for it."""
    migrate_database()
    lab = Lab.create(settings.VAR_DIR / "lab", _spec())
    disk = next((lab.root / "HV01" / "D").rglob("*.vhdx"))
    shutil.copyfile(disk, kept := settings.VAR_DIR / "kept-copy")
    baselines = [_time_cp(kept)]
    os.sync()
    with running_server(["manage.py", "serve", "--lab", "--port", "0"]) as server:
        vm = wait_for_vm(VM)
        with Observer(lab.guest_address(VM)) as observer:
            job = follow(order_move(vm, best_target(vm, None).host).pk, lambda _: None)
        resident = psutil.Process(server.pid).memory_info().rss
    if job.status != MigrationJob.Status.DONE:
        raise RuntimeError(f"the measured move failed: {job.failure_text}")
    baselines.append(_time_cp(kept))
    outside = observer.longest_outage().seconds
    copied = _copy_rows(_step(job, "copy"), baselines)
    return [*copied, _sent_row(job), *_outage_rows(job, outside), _memory_row(resident)]


def _spec() -> LabSpec:
    """Two hosts and one VM; its disk is as large as a copy needs to be to be timed."""
    disk = DiskSpec(size_mb=DISK_MB + 64, fill_mb=DISK_MB)
    return LabSpec(hosts=(HostSpec("HV01", vms=(VmSpec(VM, memory_mb=MEMORY_MB, disks=(disk,)),)), HostSpec("HV02")))


def _time_cp(source: Path) -> Transfer:
    """cp, then sha256sum of the copy; nothing waits to be written when it begins."""
    copy = source.with_name("plain-copy")
    os.sync()
    began = time.monotonic()
    subprocess.run(["cp", source, copy], check=True)
    subprocess.run(["sha256sum", copy], check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    copy.unlink()
    return Transfer(source.stat().st_size, seconds)


def _step(job: MigrationJob, key: str) -> Transfer:
    step = job.steps.get(key=key)
    assert step.started_at is not None
    assert step.ended_at is not None
    return Transfer(step.bytes_done, (step.ended_at - step.started_at).total_seconds())


def _copy_rows(copied: Transfer, baselines: Sequence[Transfer]) -> list[Row]:
    """Against the faster of the baselines before and after the move."""
    best = max(baseline.bytes_per_s for baseline in baselines)
    each = " and ".join(units.rate(baseline.bytes_per_s) for baseline in baselines)
    return [
        Row("copy step of a job", f"{units.rate(copied.bytes_per_s)} ({units.size(copied.size_bytes)})"),
        Row("cp + sha256sum of the same bytes, before and after", each),
        Row("copy step / the faster of the two", f"{copied.bytes_per_s / best:.2f}", f"at least {COPY_RATIO}"),
    ]


def _sent_row(job: MigrationJob) -> Row:
    """What travelled of the disks: holes of sparse files do not."""
    files = job.steps.get(key="copy").result["files"]
    sent, size = (sum(file[name] for file in files) for name in ("sent_bytes", "size_bytes"))
    return Row("sent of the disks", f"{units.size(sent)} of {units.size(size)}")


def _outage_rows(job: MigrationJob, outside_s: float) -> list[Row]:
    """The bound: the bytes that must go during the outage, at the rate of the copy before it."""
    rest = _step(job, "copy-rest")
    bound_s = rest.size_bytes / _step(job, "copy").bytes_per_s
    return [
        Row("outage seen from outside", f"{outside_s:.2f} s ({units.size(rest.size_bytes)} to copy)"),
        Row("outage by the job", f"{job.outage.total_seconds():.2f} s" if job.outage else "none"),
        Row("bound: state and last delta / copy rate", f"{bound_s:.2f} s"),
        Row("outage / bound", f"{outside_s / bound_s:.1f}"),
    ]


def _memory_row(resident_bytes: int) -> Row:
    return Row("resident memory of the server after the move", units.size(resident_bytes), f"below {RESIDENT_MB} MB")
