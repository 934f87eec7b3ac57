"""Generated jobs on the generated fleet: moves that have ended, and one with a journal and a log to show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from hosts.models import Host, VirtualMachine
from hosts.providers.types import VmState
from migrations_app.engine.plan import Plan
from migrations_app.engine.recipes import recipe_for
from migrations_app.models import JobEvent, JobStep, MigrationJob

JOBS = 5000
EVENTS = 300
BATCH = 500

_COPIES = ("copy", "copy-delta", "copy-rest")

A_PLAN = Plan(
    vm_uid="watched",
    vm_name="WEB01",
    vm_state=VmState.RUNNING,
    fingerprint="",
    source_name="HV01",
    target_name="HV02",
    source_folder="D:\\VMs\\WEB01",
    folder="D:\\VMs\\WEB01",
    disks=(),
    adapters=(),
    memory_mb=64,
    disk_bytes=64 << 20,
    total_low_s=1,
    total_high_s=2,
    outage_low_s=1,
    outage_high_s=2,
    deadline_s=60,
)


def make_jobs(count: int = JOBS) -> MigrationJob:
    """So many, each of a VM of its own; the latest has every step and a log."""
    hosts = list(Host.objects.order_by("pk"))
    vms = VirtualMachine.objects.order_by("pk").select_related("host")[:count]
    made = [_job(count - number, vm, hosts[(number * 7) % len(hosts)]) for number, vm in enumerate(vms)]
    MigrationJob.objects.bulk_create(made, BATCH)
    JobStep.objects.bulk_create((step for job in made[:-1] for step in _copies(job)), BATCH)
    _tell_all(made[-1])
    return made[-1]


def _job(age: int, vm: VirtualMachine, target: Host) -> MigrationJob:
    ended = timezone.now() - timedelta(minutes=10 * age)
    plan = replace(A_PLAN, vm_uid=vm.uid, vm_name=vm.name, source_name=vm.host.name, target_name=target.name)
    return MigrationJob(
        vm=vm,
        source=vm.host,
        target=target,
        vm_uid=vm.uid,
        vm_name=vm.name,
        source_name=vm.host.name,
        target_name=target.name,
        plan=plan.to_json(),
        status=MigrationJob.Status.DONE if age % 20 else MigrationJob.Status.FAILED,
        percent=100,
        started_at=ended - timedelta(minutes=8),
        ended_at=ended,
        outage_began_at=ended - timedelta(seconds=40),
        outage_ended_at=ended - timedelta(seconds=31),
        failure_text="" if age % 20 else f"{target.name}: the volume D: is full.",
    )


def _copies(job: MigrationJob) -> list[JobStep]:
    return [_step(job, position, key, key) for position, key in enumerate(_COPIES)]


def _tell_all(job: MigrationJob) -> None:
    steps = enumerate(recipe_for(Plan.from_json(job.plan)))
    JobStep.objects.bulk_create(_step(job, place, step.key, step.title, number) for place, (number, step) in steps)
    JobEvent.objects.bulk_create(
        JobEvent(job=job, number=n, text=f"Line {n} of the log.") for n in range(1, EVENTS + 1)
    )
    MigrationJob.objects.filter(pk=job.pk).update(last_event=EVENTS)


def _step(job: MigrationJob, position: int, key: str, title: str, number: str = "") -> JobStep:
    return JobStep(
        job=job,
        position=position,
        number=number,
        key=key,
        title=title,
        status=JobStep.Status.DONE,
        started_at=job.started_at,
        ended_at=job.ended_at,
        bytes_done=1 << 30,
        bytes_total=1 << 30,
    )
