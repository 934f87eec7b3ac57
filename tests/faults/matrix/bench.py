"""One lab for many cells: two hosts, a VM that runs and one that is saved, each moved from wherever it is."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.db import connection
from django.utils import timezone

from console.lab_hosts import add_lab_hosts
from hosts.connect import connect_mover
from hosts.inventory import refresh_host
from hosts.models import Host, VirtualMachine
from hosts.providers.base import QuickMigrates
from hosts.providers.claims import Claim
from hosts.vm_folders import default_folder
from lab.hyperv.checker import GuestAnswer, await_answer
from lab.hyperv.control import Lab
from lab.hyperv.hostcontrol import HostControl
from lab.hyperv.spec import DiskSpec, HostSpec, LabSpec, VmSpec
from migrations_app.engine.runner import run_job
from migrations_app.jobs import retry_job, start_job
from migrations_app.models import MigrationJob
from migrations_app.plans import Choices, fingerprint, make_plan, match_networks

RUNS, RESTS = "WEB01", "REST01"
ROUNDS = 1
DEADLINE_S = 20.0
PATIENCE_S = 90.0
POWER_BACK_AFTER_S = 1.0
_NOT_A_JOB = "ferry-0"


def tiny_spec() -> LabSpec:
    """Two equal hosts; VMs of 8 MB."""
    disk = DiskSpec(size_mb=8, fill_mb=2)
    vms = tuple(VmSpec(name, memory_mb=8, disks=(disk,)) for name in (RUNS, RESTS))
    return LabSpec(hosts=(HostSpec("HV01", vms=vms, merge_delay_s=0.1), HostSpec("HV02", merge_delay_s=0.1)))


class Bench:
    """Since the last order: `cuts`, the hosts that were found without power; `dark_s`, for how long there was one;
    `complaints`, what was wrong meanwhile."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.cuts: list[str] = []
        self.complaints: list[str] = []
        self.dark_s = 0.0
        self._make_lab()

    def prepare(self) -> None:
        """The hosts into the inventory, and the VM that rests to rest."""
        add_lab_hosts(self.lab)
        if self.lab.running(RESTS):
            self._by_hand(RESTS, lambda host, uid: host.save(uid, _NOT_A_JOB))

    def rebuild(self) -> None:
        """After a cell that left something behind: a new lab, and no row of the old one."""
        self.lab.destroy()
        MigrationJob.objects.all().delete()
        Host.objects.all().delete()
        self._make_lab()
        self.prepare()

    def destroy(self) -> None:
        self.lab.destroy()

    def ends(self, vm: str) -> tuple[HostControl, HostControl]:
        """The host that has the VM, and the other one."""
        here = self.lab.registered(vm)[0]
        return self.lab.host(here), next(host for host in self.lab.hosts() if host.name != here)

    def order(self, vm: str, *, holds: bool = False) -> MigrationJob:
        """A move to the other host, its outage bounded by DEADLINE_S. One that holds is ordered to cut over as well."""
        self.cuts, self.complaints, self.dark_s = [], [], 0.0
        forget_refreshes()
        for host in Host.objects.all():
            refresh_host(host)
        source, target = (Host.objects.get(name=host.name) for host in self.ends(vm))
        row = VirtualMachine.objects.get(name=vm, host=source)
        folder, networks = default_folder(row, target), match_networks(row, target)
        job = start_job(make_plan(Choices(row, target, folder, networks, fingerprint(row))), None)
        job.plan |= {"deadline_s": DEADLINE_S, "max_rounds": ROUNDS}
        job.holds = job.cut_over_ordered = holds
        job.save(update_fields=["plan", "holds", "cut_over_ordered"])
        return job

    def run_to_the_end(self, job: MigrationJob) -> str:
        """Workers take the job up again and again; power comes back, disks get room; a job that is left for a person
        is tried again. Returns what the person was told, "" when the job ended without one."""
        give_up_at, said = time.monotonic() + PATIENCE_S, ""
        while time.monotonic() < give_up_at:
            self.work(job)
            self.complaints += self._kept_waiting(job)
            self.mend()
            if job.is_open:
                MigrationJob.objects.filter(pk=job.pk).update(not_before=None)
            elif not (job.status == MigrationJob.Status.FAILED and job.is_committed):
                return said
            else:
                said = said or job.failure_text
                retry_job(job, None)
        raise AssertionError(f"The job did not end within {PATIENCE_S:.0f} s: {job.phase}")

    def work(self, job: MigrationJob) -> None:
        """One attempt of one worker; a host that loses its power under it gets it back a moment later."""
        worker = Worker(job.pk, "test")
        worker.start()
        dark_since: float | None = None
        while worker.is_alive():
            worker.join(0.02)
            is_dark = any(not host.is_up() for host in self.lab.hosts())
            dark_since = (dark_since or time.monotonic()) if is_dark else None
            if dark_since and time.monotonic() - dark_since > POWER_BACK_AFTER_S and worker.is_alive():
                self.mend()
        if worker.error:
            raise worker.error
        job.refresh_from_db()

    def _kept_waiting(self, job: MigrationJob) -> list[str]:
        """While the target is dead the VM must not wait for it, unless the target may have been told to start it."""
        source, target = self.lab.host(job.source_name), self.lab.host(job.target_name)
        step_begun = job.steps.exclude(status="pending").filter(key="start").exists()
        if not source.is_up() or target.is_up() or step_begun or not job.outage_began_at:
            return []
        return [] if self.lab.running(job.vm_name) else [f"{job.vm_name} runs nowhere while {target.name} is dead."]

    def mend(self) -> None:
        """Power for every host, room on every disk."""
        began = time.monotonic()
        dark = [host for host in self.lab.hosts() if not host.is_up()]
        for host in self.lab.hosts():
            host.free("D:")
        for host in dark:
            self.cuts.append(host.name)
            host.start()
            refresh_host(Host.objects.get(name=host.name))
        if dark:
            self.dark_s += time.monotonic() - began + POWER_BACK_AFTER_S

    def wake(self, vm: str) -> GuestAnswer:
        """What the guest says; one that was saved is resumed for it."""
        if not self.lab.running(vm):
            self._by_hand(vm, lambda host, uid: host.start(uid, _NOT_A_JOB))
        return await_answer(self.lab.guest_address(vm))

    def rest(self, vm: str) -> None:
        """Save it where it runs."""
        self._by_hand(vm, lambda host, uid: host.save(uid, _NOT_A_JOB))

    def _by_hand(self, vm: str, act: Callable[[QuickMigrates, str], object]) -> None:
        uid = self.lab.guest(vm).uid
        with connect_mover(Host.objects.get(name=self.ends(vm)[0].name)) as host:
            host.claim(Claim(f"0-{time.time_ns()}", fence=1))
            host.mark(uid, _NOT_A_JOB, hold=False)
            act(host, uid)
            host.unmark(uid, _NOT_A_JOB)

    def _make_lab(self) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
        self.lab = Lab.create(self._root, tiny_spec())
        self.lab.up(keeper_pid=os.getpid())


class Worker(threading.Thread):
    """A worker in this process."""

    def __init__(self, job_pk: int, owner: str) -> None:
        super().__init__(name=owner, daemon=True)
        self._job_pk = job_pk
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            run_job(self._job_pk, self.name)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.error = error
        finally:
            connection.close()


def expire_lease(job: MigrationJob) -> None:
    """Nothing was heard of the job's worker for longer than a lease."""
    MigrationJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    forget_refreshes()


def forget_refreshes() -> None:
    """A worker that ended while it refreshed a host holds that up for half a minute; here the time has passed."""
    Host.objects.update(refresh_until=None)
