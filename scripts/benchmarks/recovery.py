"""How long a job stands still when its worker is killed: two servers on one database, one of them gets SIGKILL.

Run by hand: FERRY_VAR=$(mktemp -d) .venv/bin/python -m scripts.benchmarks recovery
"""

from __future__ import annotations

import os
import signal
import statistics
import time
from collections.abc import Callable

from django.conf import settings

from console.first_run import migrate_database
from console.lab_hosts import add_lab_hosts
from console.one_move import follow, order_move, wait_for_vm
from hosts.models import Host
from lab.hyperv.checker import Observer
from lab.hyperv.control import Lab
from lab.hyperv.spec import DiskSpec, HostSpec, LabSpec, VmSpec
from migrations_app.models import JobStep, MigrationJob
from scripts.benchmarks.process import running_server
from scripts.benchmarks.table import Row, as_markdown

VM = "WEB01"
TIMES = 3
PATIENCE_S = 60.0
SLOW_BYTES_PER_S = 4_000_000
IN_THE_COPY = "copy"
IN_THE_OUTAGE = "copy-rest"


def main() -> None:
    print(as_markdown(measure_recovery()))


def measure_recovery() -> list[Row]:
    """Seconds from the kill until another worker has the job; for a kill in the outage also the outage."""
    migrate_database()
    spec = LabSpec(hosts=(HostSpec("HV01", vms=(VmSpec(VM, disks=(DiskSpec(32, 16),)),)), HostSpec("HV02")))
    lab = Lab.create(settings.VAR_DIR / "lab", spec)
    lab.up(keeper_pid=os.getpid())
    try:
        add_lab_hosts(lab)
        copies = [_kill_one(lab, IN_THE_COPY) for _ in range(TIMES)]
        outages = [_kill_one(lab, IN_THE_OUTAGE) for _ in range(TIMES)]
    finally:
        lab.destroy()
    bound = f"at most lease + sweep: {settings.LEASE_S + settings.SWEEP_EVERY_S} s"
    return [
        Row("SIGKILL in the copy: until another worker goes on", _figure([taken for taken, _ in copies]), bound),
        Row("SIGKILL in the outage: until another worker goes on", _figure([taken for taken, _ in outages]), bound),
        Row("the same: outage seen from outside", _figure([outage for _, outage in outages])),
    ]


def _kill_one(lab: Lab, step: str) -> tuple[float, float]:
    """One move with one kill: seconds until the job went on, and the outage in seconds."""
    vm = wait_for_vm(VM)
    target = Host.objects.exclude(pk=vm.host_id).get()
    arguments = ["manage.py", "serve", "--port", "0"]
    with running_server(arguments), running_server(arguments), Observer(lab.guest_address(VM)) as observer:
        lab.host(target.name).slow_copy(SLOW_BYTES_PER_S, times=20)
        job = order_move(vm, target)
        _until(lambda: JobStep.objects.filter(job=job, key=step, status="running", bytes_done__gt=0).exists())
        job.refresh_from_db()
        os.kill(int(job.owner.split(":")[1]), signal.SIGKILL)
        killed = time.monotonic()
        lab.host(target.name).clear_faults()
        _until(lambda: MigrationJob.objects.filter(pk=job.pk, fence__gt=job.fence).exists())
        taken = time.monotonic() - killed
        job = follow(job.pk, lambda _: None)
    if job.status != MigrationJob.Status.DONE:
        raise RuntimeError(f"the measured move failed: {job.failure_text}")
    return taken, observer.longest_outage().seconds


def _until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not claim():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {PATIENCE_S:.0f} s")
        time.sleep(0.02)


def _figure(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.1f} s (median of {len(seconds)}; {min(seconds):.1f} to {max(seconds):.1f})"
