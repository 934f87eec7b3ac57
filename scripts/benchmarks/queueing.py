"""Many moves at once: how near the queue comes to what the slots of the hosts allow.

Run by hand: FERRY_VAR=$(mktemp -d) FERRY_WORKER_THREADS=28 .venv/bin/python -m scripts.benchmarks queueing
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterable

from django.conf import settings
from django.db.models import QuerySet

from console.first_run import migrate_database
from console.lab_hosts import add_lab_hosts
from hosts.inventory import refresh_host
from hosts.models import Host, VirtualMachine
from hosts.vm_folders import default_folder
from lab.hyperv.control import Lab
from lab.hyperv.spec import DiskSpec, HostSpec, LabSpec, VmSpec
from migrations_app.jobs import start_job
from migrations_app.models import MigrationJob
from migrations_app.plans import Choices, fingerprint, make_plan, match_networks
from scripts.benchmarks.process import running_server
from scripts.benchmarks.table import Row, as_markdown

HOSTS = 10
VMS_PER_HOST = 5
PATIENCE_S = 1200.0


def main() -> None:
    print(as_markdown(measure_queueing()))


def measure_queueing() -> list[Row]:
    """Every VM goes to the next host, all ordered at once."""
    migrate_database()
    lab = Lab.create(settings.VAR_DIR / "lab", _spec())
    lab.up(keeper_pid=os.getpid(), timeout_s=120)
    try:
        add_lab_hosts(lab)
        for host in Host.objects.all():
            refresh_host(host)
        jobs = _order_all()
        began = time.monotonic()
        with running_server(["manage.py", "serve", "--port", "0"]):
            _until_ended(jobs)
        return _rows(jobs, time.monotonic() - began, twice=sum(len(lab.twice(each.name)) for each in lab.guests()))
    finally:
        lab.destroy()


def _spec() -> LabSpec:
    vms = [
        tuple(VmSpec(f"VM{h:02}{v}", memory_mb=8, disks=(DiskSpec(8, 2),)) for v in range(VMS_PER_HOST))
        for h in range(HOSTS)
    ]
    return LabSpec(hosts=tuple(HostSpec(f"HV{h:02}", vms=vms[h]) for h in range(HOSTS)))


def _order_all() -> QuerySet[MigrationJob]:
    hosts = list(Host.objects.order_by("name"))
    for place, host in enumerate(hosts):
        target = hosts[(place + 1) % len(hosts)]
        for vm in VirtualMachine.objects.filter(host=host):
            folder, networks = default_folder(vm, target), match_networks(vm, target)
            start_job(make_plan(Choices(vm, target, folder, networks, fingerprint(vm))), None)
    return MigrationJob.objects.all()


def _until_ended(jobs: QuerySet[MigrationJob]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while jobs.filter(status__in=MigrationJob.OPEN).exists():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not all moves ended within {PATIENCE_S:.0f} s")
        time.sleep(0.5)


def _rows(jobs: Iterable[MigrationJob], whole_s: float, twice: int) -> list[Row]:
    """The bound: for each host and direction, the sum of its moves' own times over its slots; the largest of them."""
    busy: dict[tuple[int | None, str], float] = defaultdict(float)
    own, done = [], 0
    for job in jobs:
        assert job.started_at is not None
        assert job.ended_at is not None
        own.append((job.ended_at - job.started_at).total_seconds())
        done += job.status == MigrationJob.Status.DONE
        busy[job.source_id, "out"] += own[-1]
        busy[job.target_id, "in"] += own[-1]
    bound_s = max(busy.values()) / 2
    return [
        Row(f"{len(own)} moves over {HOSTS} hosts, 2 in and 2 out each: completed", str(done), str(len(own))),
        Row("ran twice at any time", str(twice), "0"),
        Row("total time", f"{whole_s:.0f} s"),
        Row("time of one move in the crowd", f"{sum(own) / len(own):.1f} s on average"),
        Row("bound by the slots", f"{bound_s:.0f} s"),
        Row("total time / bound", f"{whole_s / bound_s:.2f}"),
    ]
