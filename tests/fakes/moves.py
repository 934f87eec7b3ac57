"""A move in the in-memory world, from hosts in the inventory to a job that can be run."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from hosts.inventory import refresh_host
from hosts.models import Host, HostGroup, VirtualMachine
from hosts.providers import PROVIDERS
from hosts.providers.types import Secret, VmState
from migrations_app.engine.plan import Plan
from migrations_app.engine.runner import run_job
from migrations_app.jobs import retry_job, start_job
from migrations_app.models import MigrationJob
from migrations_app.plans import Choices, fingerprint, make_plan, match_networks
from tests.fakes.vms import running_vm
from tests.fakes.world import WORLD, FakeHost

BEFORE_START = (
    ("source", "mark"),
    ("source", "checkpoint"),
    ("target", "start_works"),
    ("source", "start_works"),
    ("source", "save"),
    ("target", "register"),
    ("target", "start"),
)


class Move:
    """WEB01 on HV01, an empty HV02, and the verbs of a test."""

    def __init__(self, state: VmState = VmState.RUNNING) -> None:
        PROVIDERS["fake"] = "tests.fakes.world.FakeProvider"
        WORLD.clear()
        self.source, self.target = (_host(name) for name in ("HV01", "HV02"))
        self.before = running_vm(self.source, state=state)
        self.rows = [_row(name) for name in ("HV01", "HV02")]

    def plan(self, **options: bool | int) -> Plan:
        vm = VirtualMachine.objects.get(name="WEB01", host=self.rows[0])
        target = self.rows[1]
        chosen = Choices(vm, target, "D:\\VMs", match_networks(vm, target), fingerprint(vm), **options)  # type: ignore[arg-type]
        return make_plan(chosen)

    def order(self, **options: bool | int) -> MigrationJob:
        return self.order_plan(self.plan(**options))

    def order_plan(self, plan: Plan) -> MigrationJob:
        return start_job(plan, None)

    def run(self, job: MigrationJob) -> MigrationJob:
        """Work on the job until it ends or waits for its time."""
        run_job(job.pk, "test")
        job.refresh_from_db()
        return job

    def let_time_pass(self, job: MigrationJob) -> None:
        """A job that waits for its time may go on at once."""
        MigrationJob.objects.filter(pk=job.pk).update(not_before=None)

    def go_on(self, job: MigrationJob, *, attempts: int = 3) -> MigrationJob:
        """Worked on again whenever its time has come, until it ends or that often."""
        while attempts and job.is_open:
            self.let_time_pass(job)
            self.run(job)
            attempts -= 1
        return job

    def retry(self, job: MigrationJob) -> MigrationJob:
        """Somebody asks for another try, and a worker takes it up."""
        retry_job(job, None)
        return self.run(job)

    def end_lease(self, job: MigrationJob) -> None:
        """Nothing was heard of the job's worker for longer than a lease."""
        MigrationJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))

    def anew(self, state: VmState) -> Move:
        """The same world from the beginning, with WEB01 in another state."""
        for row in self.rows:
            row.delete()
        return Move(state)

    def said(self, job: MigrationJob) -> list[str]:
        """The job's log."""
        return [event.text for event in job.events.all()]

    def running_on(self) -> list[str]:
        uid = self.before.uid
        return [n for n, host in WORLD.items() if uid in host.vms and host.vms[uid].state is VmState.RUNNING]

    def assert_untouched(self, job: MigrationJob) -> None:
        """The VM is on its source as it was, and nowhere is a trace of the job."""
        assert self.source.vms[self.before.uid].state is self.before.state
        assert len(self.source.vms[self.before.uid].disks[0].layers) == 1
        assert self.target.vms == {}
        assert self.target.files == {}
        assert self.source.traces(job.tag) + self.target.traces(job.tag) == []

    def assert_moved(self, job: MigrationJob) -> None:
        """The VM is on its target with every byte, gone from the source, and nowhere is a trace of the job."""
        vm = self.target.vms[self.before.uid]
        assert vm.state is self.before.state
        assert self.source.vms == {}
        assert self.target.files[vm.disks[0].layers[0].path].startswith(b"the disk of WEB01")
        assert self.source.traces(job.tag) + self.target.traces(job.tag) == []


def _host(name: str) -> FakeHost:
    WORLD[name] = FakeHost(name)
    return WORLD[name]


def _row(name: str) -> Host:
    group, _ = HostGroup.objects.get_or_create(name="All Hosts", parent=None)
    row = Host.objects.create(
        name=name, group=group, kind="fake", address=name, username="user", password=Secret("password")
    )
    refresh_host(row)
    row.refresh_from_db()
    return row
