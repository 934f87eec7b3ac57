"""A small estate as rows, for tests of pages: two hosts, a VM, and its move as a job with steps and a log."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from hosts.inventory import root_group
from hosts.models import Host, HostGroup, HostVolume, VirtualAdapter, VirtualDisk, VirtualMachine, VirtualNetwork
from hosts.providers.types import Secret
from migrations_app.changes import vm_record
from migrations_app.engine.plan import Plan
from migrations_app.engine.recipes import recipe_for
from migrations_app.models import AvailabilitySpan, JobEvent, JobStep, MigrationJob
from migrations_app.plans import Choices, fingerprint, make_plan, match_networks

GB = 1 << 30


def moved_vm() -> MigrationJob:
    """WEB01 was moved from HV01 to HV02 with an outage of nine seconds."""
    group = root_group()
    source, target = _host("HV01", group), _host("HV02", group)
    vm = _vm(source)
    plan = make_plan(Choices(vm, target, "D:\\VMs", match_networks(vm, target), fingerprint(vm)))
    job = _job(plan, vm, target)
    VirtualMachine.objects.filter(pk=vm.pk).update(host=target)
    return job


def _host(name: str, group: HostGroup) -> Host:
    host = Host.objects.create(
        name=name,
        group=group,
        address=name.lower(),
        username="LAB\\svc-ferry",
        password=Secret("secret"),
        state="responding",
        cpu_count=16,
        cpu_vendor="GenuineIntel",
        memory_mb=65536,
        memory_available_mb=40000,
        supported_vm_versions=["10.0"],
        default_vm_path="D:\\VMs",
        cpu_percent=20.0,
    )
    HostVolume.objects.create(host=host, path="D:\\", label="VMs", size_bytes=900 * GB, free_bytes=500 * GB)
    VirtualNetwork.objects.create(host=host, network_id="1", name="LAN", kind="External")
    return host


def _vm(host: Host) -> VirtualMachine:
    vm = VirtualMachine.objects.create(
        host=host,
        uid="id-WEB01",
        name="WEB01",
        state="running",
        version="10.0",
        memory_mb=4096,
        memory_demand_mb=3000,
        uptime_s=90_000,
        folder="D:\\VMs\\WEB01",
        checkpoints=[{"checkpoint_id": "1", "name": "Before the update", "parent_id": None}],
    )
    base = "D:\\VMs\\WEB01\\Virtual Hard Disks\\WEB01"
    layers = [
        {"path": f"{base}.vhdx", "parent_path": None, "file_size_bytes": 40 * GB},
        {"path": f"{base}_1.avhdx", "parent_path": f"{base}.vhdx", "file_size_bytes": GB},
    ]
    VirtualDisk.objects.create(vm=vm, location="SCSI 0:0", size_bytes=127 * GB, layers=layers)
    VirtualAdapter.objects.create(vm=vm, adapter_id="nic", name="Network Adapter", network_name="LAN")
    return vm


def _job(plan: Plan, vm: VirtualMachine, target: Host) -> MigrationJob:
    end = timezone.now()
    job = MigrationJob.objects.create(
        vm=vm,
        source=vm.host,
        target=target,
        vm_uid=vm.uid,
        vm_name=vm.name,
        source_name=vm.host.name,
        target_name=target.name,
        plan=plan.to_json(),
        vm_before=vm_record(vm),
        status=MigrationJob.Status.DONE,
        percent=100,
        started_at=end - timedelta(minutes=8),
        ended_at=end,
        outage_began_at=end - timedelta(seconds=40),
        outage_ended_at=end - timedelta(seconds=31),
        last_event=1,
        version=1,
    )
    JobEvent.objects.create(job=job, number=1, text="The move begins.")
    for began_s, ended_s, is_up in ((480, 200, True), (190, 39.6, True), (39.5, 30.9, False), (30.8, 0, True)):
        AvailabilitySpan.objects.create(
            job=job,
            began_at=end - timedelta(seconds=began_s),
            ended_at=end - timedelta(seconds=ended_s),
            is_up=is_up,
            method="TCP 10.0.0.7:445",
        )
    for position, (number, step) in enumerate(recipe_for(plan)):
        JobStep.objects.create(
            job=job,
            position=position,
            number=number,
            key=step.key,
            title=step.title,
            status=JobStep.Status.DONE,
            started_at=job.started_at,
            ended_at=end,
            bytes_done=GB,
            bytes_total=GB,
        )
    return job
