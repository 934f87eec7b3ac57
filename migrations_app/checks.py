"""Every pre-flight check. The wizard runs them page by page; the job runs them all again on fresh rows."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

from hosts import paths
from hosts.inventory import refresh_anew
from hosts.models import Host, VirtualAdapter, VirtualDisk, VirtualMachine
from hosts.placement import rate_host
from hosts.placement_defaults import placement_defaults
from hosts.providers.base import Provider
from hosts.providers.types import VmState
from hosts.units import memory, size
from hosts.vm_folders import volume_paths
from migrations_app.engine.plan import Plan
from migrations_app.engine.step import Finding, Level
from migrations_app.models import MigrationJob
from migrations_app.paths import why_not_folder
from migrations_app.plans import Choices, choices_of, fingerprint, needs_by_volume, vm_folder
from migrations_app.power_words import ACTIVITIES
from migrations_app.transfer_types import emulation_risk, transfer_of
from migrations_app.vlans import Vlans, vlans_between

_MOVABLE = (VmState.RUNNING, VmState.OFF, VmState.SAVED)
STALE_ACTION = "Open the wizard again; it starts from how the virtual machine is now."


def check_vm(vm: VirtualMachine) -> list[Finding]:
    """What speaks against moving this VM at all, wherever it would go."""
    return [*_state(vm), *_features(vm), *_disks(vm)]


def check_target(vm: VirtualMachine, target: Host) -> list[Finding]:
    """What the target's rating says: blocking reasons are errors, other zero reasons warnings."""
    rating = rate_host(vm, target, placement_defaults()).rating
    findings = [
        Finding(Level.ERROR if reason.is_blocking else Level.WARNING, reason.text, reason.action)
        for reason in rating.zero_reasons
    ]
    return [*findings, *_memory(vm, target), *(Finding(Level.WARNING, text) for text in rating.warnings)]


def check_path(
    vm: VirtualMachine, target: Host, folder: str, disk_folders: Mapping[str, str] | None = None
) -> list[Finding]:
    """Whether the folders are folders of the target, with room for what goes there."""
    elsewhere = disk_folders or {}
    given = sorted({folder, *elsewhere.values()})
    wrong = [Finding(Level.ERROR, reason) for path in given if (reason := _why_not(path, target))]
    return wrong or [*_room(vm, target, needs_by_volume(vm, volume_paths(target), folder, elsewhere))]


def check_networks(vm: VirtualMachine, target: Host, networks: Mapping[str, str | None]) -> list[Finding]:
    """Whether every adapter has a network of the target, or is knowingly left without, and whether it stays in its
    VLAN. That a VLAN may not reach a network of the same name, the rating says."""
    names = {network.name for network in target.networks.all()}
    vlans = vlans_between(vm, target)
    return [
        finding
        for adapter in vm.adapters.all()
        for finding in (*_adapter(adapter, names, networks, target), *_vlan(adapter, networks, vlans))
    ]


def check_choices(choices: Choices) -> list[Finding]:
    """All of it; a list with no error means that the move can begin."""
    vm, target = choices.vm, choices.target
    if choices.fingerprint != fingerprint(vm):
        text = f"{vm.name} has changed since the wizard was opened: it is {vm.status} on {vm.host.name} now."
        return [Finding(Level.ERROR, text, STALE_ACTION)]
    found = [
        *check_vm(vm),
        *check_target(vm, target),
        *check_path(vm, target, choices.folder, choices.disk_folders),
        *_folder_is_free(choices),
        *_same_name(vm, target),
        *check_networks(vm, target, choices.networks),
        *_way(choices),
    ]
    return sorted(found, key=lambda finding: _ORDER[finding.level])


def recheck(job: MigrationJob, source: Provider, target: Provider) -> list[Finding]:
    """The same checks on what both hosts say now, for a job that begins and has a connection to each."""
    if job.vm is None or job.source is None or job.target is None:
        return [Finding(Level.ERROR, f"{job.vm_name} or one of its hosts was removed from Ferry.")]
    refresh_anew(job.source, job.target, through={job.source: source, job.target: target})
    for host in (job.source, job.target):
        if host.state != Host.State.RESPONDING:
            return [Finding(Level.ERROR, f"{host.name}: {host.state_reason}", "Mend the connection, then retry.")]
    vm = VirtualMachine.objects.select_related("host").get(pk=job.vm.pk)
    if vm.is_missing:
        return [Finding(Level.ERROR, f"{vm.name} is not on {vm.host.name} any more.", STALE_ACTION)]
    plan = Plan.from_json(job.plan)
    return [each for each in check_choices(choices_of(plan, vm, job.target)) if not _is_ours(each, job)]


def errors(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level is Level.ERROR]


_ORDER = {Level.ERROR: 0, Level.WARNING: 1, Level.OK: 2}
_OPEN_JOB = "is being moved already"


def _is_ours(finding: Finding, job: MigrationJob) -> bool:
    """The job that checks is itself the open job of the VM."""
    return finding.text == f"{job.vm_name} {_OPEN_JOB}."


def _state(vm: VirtualMachine) -> Iterator[Finding]:
    if MigrationJob.objects.filter(vm_uid=vm.uid, status__in=MigrationJob.OPEN).exists():
        yield Finding(Level.ERROR, f"{vm.name} {_OPEN_JOB}.", "Watch the job, or cancel it first.")
    if vm.is_missing:
        yield Finding(Level.ERROR, f"{vm.name} was not found on {vm.host.name}.", "Refresh the host.")
    if vm.host.state != Host.State.RESPONDING:
        yield Finding(Level.ERROR, f"{vm.host.name}, where {vm.name} is, does not respond.", vm.host.state_reason)
    if vm.activity == VirtualMachine.Activity.MIGRATION_FAILED:
        yield Finding(Level.ERROR, f"An earlier move of {vm.name} has failed half-way.", "Repair it first.")
    if vm.activity in ACTIVITIES:
        yield Finding(Level.ERROR, f"{vm.name} has an order under way: {vm.status}", "Wait until it has ended.")
    if vm.state not in _MOVABLE:
        yield Finding(Level.ERROR, f"{vm.name} is {vm.status}.", "Start it, save it or turn it off first.")
    if vm.is_merging:
        yield Finding(Level.ERROR, f"Checkpoints of {vm.name} are being merged.", "Wait until the merge has ended.")


def _way(choices: Choices) -> Iterator[Finding]:
    vm = choices.vm
    if vm.is_emulated and transfer_of(vm, choices.target, wants_quick=choices.wants_quick).is_live:
        yield Finding(Level.WARNING, emulation_risk(vm), "Choose Quick Migration: the memory stands still meanwhile.")


def _features(vm: VirtualMachine) -> Iterator[Finding]:
    if vm.is_clustered:
        yield Finding(Level.ERROR, f"{vm.name} is highly available.", "Move it with Failover Cluster Manager.")
    if vm.is_replicated:
        yield Finding(Level.ERROR, f"{vm.name} is replicated by Hyper-V Replica.", "Remove the replication first.")
    if vm.has_assigned_device:
        yield Finding(Level.ERROR, f"{vm.name} has a device of its host assigned.", "Remove the device first.")
    for path in vm.dvd_paths:
        yield Finding(
            Level.ERROR, f"{path} is in the DVD drive of {vm.name}.", "Eject it; the target does not have it."
        )


def _disks(vm: VirtualMachine) -> Iterator[Finding]:
    others = _layers_of_others(vm)
    for disk in vm.disks.all():
        for path in (layer["path"] for layer in disk.layers if paths.key(layer["path"]) in others):
            text = f"{path} of {vm.name} is also a layer of {others[paths.key(path)]}."
            yield Finding(Level.ERROR, text, "Give each virtual machine disks of its own first.")
        if disk.is_pass_through:
            text = f"The disk at {disk.location} of {vm.name} is a pass-through disk; it cannot be copied."
            yield Finding(Level.ERROR, text, "Detach it first.")
        elif disk.is_shared:
            text = f"The disk at {disk.location} of {vm.name} is shared with other virtual machines."
            yield Finding(Level.ERROR, text, "Detach it first.")
        elif not disk.layers:
            text = f"The files of the disk at {disk.location} of {vm.name} could not be listed."
            yield Finding(Level.ERROR, text, "Refresh the host; look whether a file of the chain is missing.")


def _layers_of_others(vm: VirtualMachine) -> dict[str, str]:
    """Names of the other VMs of the host, by the files that their disks are made of."""
    disks = VirtualDisk.objects.filter(vm__host=vm.host_id).exclude(vm=vm.pk).values_list("vm__name", "layers")
    return {paths.key(layer["path"]): name for name, layers in disks for layer in layers}


def _memory(vm: VirtualMachine, target: Host) -> Iterator[Finding]:
    """A restore that the target refuses for want of memory would be noticed only in the outage."""
    if vm.state == VmState.RUNNING and vm.memory_mb > target.memory_available_mb:
        free = memory(target.memory_available_mb)
        text = f"{target.name} has {free} of memory free; {vm.name} has {memory(vm.memory_mb)}."
        yield Finding(Level.ERROR, text, "Free memory on the host or choose another one.")


def _why_not(folder: str, target: Host) -> str:
    return why_not_folder(folder, is_posix=target.kind == Host.Kind.LIBVIRT)


def _room(vm: VirtualMachine, target: Host, needs: Mapping[str, int]) -> Iterator[Finding]:
    """What the move needs and the group's reserve, volume by volume."""
    volumes = {volume.path: volume for volume in target.volumes.all()}
    reserve = target.group.disk_reserve_mb << 20
    for drive, need in sorted(needs.items()):
        volume = volumes.get(drive)
        if volume is None:
            yield Finding(
                Level.ERROR, f"{target.name} has no volume {drive}.", "Choose a folder on one of its volumes."
            )
        elif need + reserve > volume.free_bytes:
            text = f"{drive} of {target.name} has {size(volume.free_bytes)} free; {vm.name} needs {size(need)} there"
            yield Finding(Level.ERROR, f"{text}, and {size(reserve)} stay in reserve.", "Choose another volume.")
        else:
            yield Finding(Level.OK, f"{drive} of {target.name} has room for {size(need)}.")


def _adapter(
    adapter: VirtualAdapter, names: set[str], networks: Mapping[str, str | None], target: Host
) -> Iterator[Finding]:
    key, title, source = adapter.adapter_id, adapter.name, adapter.network_name
    if key not in networks:
        text = f"No network was chosen for {title}."
        yield Finding(Level.ERROR, text, f"Choose a network of {target.name}, or Not connected.")
        return
    chosen = networks[key]
    if chosen is None and source:
        yield Finding(Level.WARNING, f"{title} will not be connected on {target.name}; it is on {source} now.")
    elif chosen is not None and chosen not in names:
        yield Finding(Level.ERROR, f"{target.name} has no virtual network {chosen}.", "Choose one that it has.")
    elif chosen != (source or None):
        yield Finding(Level.WARNING, f"{title} goes from {source or 'no network'} to {chosen} on {target.name}.")
    else:
        yield Finding(Level.OK, f"{title} stays on {chosen or 'no network'}.")


def _vlan(adapter: VirtualAdapter, networks: Mapping[str, str | None], vlans: Vlans) -> Iterator[Finding]:
    network = networks.get(adapter.adapter_id)
    doubt = vlans.doubt(adapter, network) if network != adapter.network_name else ""
    if text := vlans.difference(adapter, network) or doubt:
        yield Finding(Level.WARNING, text, "Choose another network, or see to the VLAN before the move.")


def _same_name(vm: VirtualMachine, target: Host) -> Iterator[Finding]:
    """Hyper-V knows VMs by their ids; libvirt takes each name once, and says so only when the VM is to be defined.

    Names that look alike are one to whoever reads them.
    """
    others = VirtualMachine.objects.filter(host=target).exclude(uid=vm.uid).values_list("name", flat=True)
    if target.kind == Host.Kind.LIBVIRT and vm.name in others:
        text = f"{target.name} has a virtual machine named {vm.name} already, and a KVM host takes each name once."
        yield Finding(Level.ERROR, text, "Rename one of them, or choose another host.")
    elif like := next((name for name in others if _seen(name) == _seen(vm.name)), None):
        text = f"{target.name} has another virtual machine named {like}."
        yield Finding(Level.WARNING, text, "Afterwards nothing but their ids tells them apart: rename one of them.")


def _seen(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _folder_is_free(choices: Choices) -> Iterator[Finding]:
    """A folder for each VM is Hyper-V's custom; on a KVM host their files lie beside one another."""
    if choices.target.kind == Host.Kind.LIBVIRT:
        return
    folder = paths.key(vm_folder(choices))
    for other in VirtualMachine.objects.filter(host=choices.target).exclude(uid=choices.vm.uid):
        if paths.key(other.folder) == folder:
            text = f"{folder} on {choices.target.name} is the folder of {other.name}."
            yield Finding(Level.ERROR, text, "Choose another path.")
