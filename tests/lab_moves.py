"""Moves in the emulated lab: real WinRM, real files, real guest processes; the worker is called by the test."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from console.lab_hosts import add_lab_hosts
from hosts.inventory import refresh_host
from hosts.models import Host, VirtualMachine
from hosts.vm_folders import default_folder
from lab.hyperv.checker import GuestAnswer, await_answer, prove
from lab.hyperv.control import Lab
from lab.hyperv.spec import LabSpec, small_spec
from migrations_app.jobs import start_job
from migrations_app.models import MigrationJob
from migrations_app.plans import Choices, fingerprint, make_plan, match_networks
from tests.workers import Workers

PATIENCE_S = 60.0


class LabMove(Workers):
    """A lab with its hosts in the inventory, and one of its VMs to be moved from HV01 to HV02."""

    def __init__(self, root: Path, spec: LabSpec | None = None, vm: str = "WEB01") -> None:
        self.lab = Lab.create(root, spec or small_spec())
        self.lab.up(keeper_pid=os.getpid())
        add_lab_hosts(self.lab)
        self.name = vm
        self.source = self.lab.host("HV01")
        self.target = self.lab.host("HV02")

    def before(self) -> GuestAnswer:
        """What the guest says before anything is done to it."""
        return await_answer(self.lab.guest_address(self.name))

    def order(self, source: str = "HV01", target: str = "HV02", **options: bool | int) -> MigrationJob:
        vm = VirtualMachine.objects.get(name=self.name, host__name=source)
        host = Host.objects.get(name=target)
        folder, networks = default_folder(vm, host), match_networks(vm, host)
        return start_job(make_plan(Choices(vm, host, folder, networks, fingerprint(vm), **options)), None)  # type: ignore[arg-type]

    def refresh(self) -> None:
        for host in Host.objects.all():
            refresh_host(host)

    def assert_moved(self, job: MigrationJob, before: GuestAnswer) -> None:
        """It runs on the target alone, with every byte; nothing of it is left on the source."""
        proof = prove(self.lab, self.name, before)
        assert proof.holds, str(proof)
        assert self.lab.running(self.name) == [self.target.name]
        assert not self.source.has_vm(self.name)
        self._assert_no_traces(job)

    def assert_at_home(self, job: MigrationJob, before: GuestAnswer) -> None:
        """It runs on its source with every byte, its checkpoints merged; nothing of the job is left on the target."""
        proof = prove(self.lab, self.name, before)
        assert proof.holds, str(proof)
        assert self.lab.running(self.name) == [self.source.name]
        assert self.source.vm(self.name).checkpoints == ()
        assert not self.target.has_vm(self.name)
        self._assert_no_traces(job)

    def _assert_no_traces(self, job: MigrationJob) -> None:
        assert self.source.traces(job.tag) + self.target.traces(job.tag) == []
        assert self.source.stray_files() + self.target.stray_files() == []


def wait_until(claim: Callable[[], bool], what: str, within_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + within_s
    while not claim():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.02)
