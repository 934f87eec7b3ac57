"""From what was chosen in the wizard to a frozen Plan."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings

from hosts import paths
from hosts.connect import has_capability
from hosts.models import Host, VirtualMachine
from hosts.providers.base import StreamsState
from hosts.providers.types import AdapterPlacement, VmState
from migrations_app.engine.plan import DEFAULT_ROUNDS, DiskFolder, Plan
from migrations_app.forecast import Forecast, Task, deadline_s, forecast
from migrations_app.past_moves import Past, past
from migrations_app.paths import folder_name
from migrations_app.transfer_types import transfer_of

DISK_FOLDER = "Virtual Hard Disks"


@dataclass(frozen=True)
class Choices:
    """What an administrator chose. `folder` is the parent of the VM's folder on the target, such as "D:\\VMs".

    `disk_folders`: disks (by controller slot) that go elsewhere. `networks`: the target's network for each
    adapter id, None for "Not connected". `wants_quick`: by Quick Migration, even where it could go live;
    `streams_state`: with the memory straight into the other host, where that is possible.
    """

    vm: VirtualMachine
    target: Host
    folder: str
    networks: Mapping[str, str | None]
    fingerprint: str
    disk_folders: Mapping[str, str] = field(default_factory=dict)
    keeps_source_files: bool = False
    limit_bytes_per_s: int = 0
    max_rounds: int = DEFAULT_ROUNDS
    streams_state: bool = True
    wants_quick: bool = False


def fingerprint(vm: VirtualMachine) -> str:
    """What the plan depends on, as a short digest: where the VM is, its state, its disks and its adapters."""
    disks = [[disk.location, [layer["path"] for layer in disk.layers]] for disk in vm.disks.all()]
    adapters = [[adapter.adapter_id, adapter.network_name] for adapter in vm.adapters.all()]
    seen = [vm.host_id, vm.uid, vm.state, vm.folder, sorted(disks), sorted(adapters)]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]


def match_networks(vm: VirtualMachine, target: Host) -> dict[str, str | None]:
    """For each adapter the target's network of the same name, or None."""
    names = {network.name for network in target.networks.all()}
    return {
        adapter.adapter_id: adapter.network_name if adapter.network_name in names else None
        for adapter in vm.adapters.all()
    }


def same_networks(vm: VirtualMachine, target: Host) -> dict[str, str | None]:
    """As match_networks, without the adapters that would lose their network: nobody has accepted that yet."""
    matched = match_networks(vm, target)
    return {
        it.adapter_id: matched[it.adapter_id]
        for it in vm.adapters.all()
        if matched[it.adapter_id] or not it.network_name
    }


def forecast_move(
    vm: VirtualMachine,
    target: Host | None,
    limit_bytes_per_s: int = 0,
    *,
    rounds: int = DEFAULT_ROUNDS,
    earlier: Past | None = None,
    is_live: bool = False,
) -> Forecast:
    """The forecast for this VM. `earlier` is asked for when it is not given; without a target it is for any host.
    Live, memory travels with the disks and there is no outage."""
    known = past() if earlier is None else earlier
    memory_bytes = vm.memory_mb << 20
    pace = known.pace(vm.host_id, target.pk if target else None, vm.uid, memory_bytes, is_live=is_live)
    of_target = target.move_limit_bytes_per_s if target else 0
    travels_early = memory_bytes if is_live else 0
    is_paused = vm.state == VmState.RUNNING and not is_live
    return forecast(
        Task(vm.disk_bytes + travels_early, memory_bytes, is_running=is_paused, rounds=rounds),
        pace.limited(limit_bytes_per_s, vm.host.move_limit_bytes_per_s, of_target),
    )


def needs_by_volume(
    vm: VirtualMachine, volumes: Sequence[str], folder: str, disk_folders: Mapping[str, str]
) -> dict[str, int]:
    """Bytes that the move puts on each of the target's `volumes`: each disk at its present size, and the memory once,
    for the saved state. A folder that lies on none of them counts for its drive."""
    needs: dict[str, int] = defaultdict(int)
    needs[_volume_of(folder, volumes)] += (vm.memory_mb << 20) + vm.state_files_bytes
    for disk in vm.disks.all():
        needs[_volume_of(disk_folders.get(disk.location, folder), volumes)] += disk.file_size_bytes
    return needs


def _volume_of(folder: str, volumes: Sequence[str]) -> str:
    return paths.volume_of(folder, volumes) or paths.root_of(folder)


def vm_folder(choices: Choices) -> str:
    """The VM's folder on the target: one of its own, but on a KVM host, where the files go into the pool's."""
    return choices.folder if paths.is_posix(choices.folder) else _own(choices, choices.folder)


def _own(choices: Choices, parent: str) -> str:
    return paths.join(parent, folder_name(choices.vm.name))


def make_plan(choices: Choices) -> Plan:
    """The plan for these choices; whether they are possible is the business of checks.py."""
    vm = choices.vm
    is_live = transfer_of(vm, choices.target, wants_quick=choices.wants_quick).is_live
    expected = forecast_move(vm, choices.target, choices.limit_bytes_per_s, rounds=choices.max_rounds, is_live=is_live)
    folder = vm_folder(choices)
    return Plan(
        vm_uid=vm.uid,
        vm_name=vm.name,
        vm_state=VmState(vm.state),
        fingerprint=choices.fingerprint,
        source_name=vm.host.name,
        target_name=choices.target.name,
        source_folder=vm.folder,
        folder=folder,
        disks=tuple(DiskFolder(disk.location, _disk_folder(choices, folder, disk.location)) for disk in vm.disks.all()),
        adapters=tuple(AdapterPlacement(key, name) for key, name in choices.networks.items()),
        memory_mb=vm.memory_mb,
        disk_bytes=vm.disk_bytes,
        total_low_s=expected.total_low_s,
        total_high_s=expected.total_high_s,
        outage_low_s=expected.outage_low_s,
        outage_high_s=expected.outage_high_s,
        total_s=expected.total.likely_s,
        outage_s=expected.outage.likely_s,
        deadline_s=deadline_s(expected.outage_high_s, settings.OUTAGE_DEADLINE_MIN_S),
        keeps_source_files=choices.keeps_source_files,
        limit_bytes_per_s=choices.limit_bytes_per_s,
        max_rounds=choices.max_rounds,
        streams_state=not is_live and choices.streams_state and can_stream(vm.host, choices.target),
        is_live=is_live,
    )


def can_stream(source: Host, target: Host) -> bool:
    """Whether a VM's memory can go straight from the one into the other."""
    return all(has_capability(host, StreamsState) for host in (source, target))


def choices_of(plan: Plan, vm: VirtualMachine, target: Host) -> Choices:
    """The choices that a plan was made from, to check them again on fresh rows."""
    folder = plan.folder if paths.is_posix(plan.folder) else paths.parent(plan.folder)
    return Choices(
        vm=vm,
        target=target,
        folder=folder,
        networks={adapter.adapter_id: adapter.network_name for adapter in plan.adapters},
        fingerprint=plan.fingerprint,
        disk_folders={disk.location: chosen for disk in plan.disks if (chosen := _chosen_for(disk)) != folder},
        keeps_source_files=plan.keeps_source_files,
        limit_bytes_per_s=plan.limit_bytes_per_s,
        max_rounds=plan.max_rounds,
    )


def _disk_folder(choices: Choices, folder: str, location: str) -> str:
    """Where the layers of a disk go; a folder of its own for a disk whose file names another disk has, too."""
    parent = choices.disk_folders.get(location, choices.folder)
    if paths.is_posix(parent):
        disks = parent
    else:
        disks = paths.join(folder if parent == choices.folder else _own(choices, parent), DISK_FOLDER)
    return paths.join(disks, folder_name(location)) if _shares_a_name(choices.vm, location) else disks


def _chosen_for(disk: DiskFolder) -> str:
    """What was chosen so that the disk went where it went: `_disk_folder` the other way round."""
    if not paths.is_posix(disk.folder):
        return paths.parent(disk.folder.split(f"\\{DISK_FOLDER}")[0])
    is_its_own = paths.name(disk.folder) == folder_name(disk.location)
    return paths.parent(disk.folder) if is_its_own else disk.folder


def _shares_a_name(vm: VirtualMachine, location: str) -> bool:
    names = {disk.location: {paths.key(paths.name(layer["path"])) for layer in disk.layers} for disk in vm.disks.all()}
    return any(names[location] & other for key, other in names.items() if key != location)
