"""Taking a VM whose files are already here: what keeps this host from it, and its registration with its own id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lab.hyperv.chain import chain_files
from lab.hyperv.config import VmConfig, read_config, state_path, write_config
from lab.hyperv.disk import Layer
from lab.hyperv.machine import Machine
from lab.hyperv.marking import HELD, change
from lab.hyperv.notes import bears_mark, start_ordered_by, without_start_order
from lab.hyperv.refusal import Refused
from lab.hyperv.registered import RegisteredVm
from lab.hyperv.statefile import read_state_header

# 33012 is Hyper-V's own. Its other numbers are in no public table: these are the lab's.
SWITCH_NOT_FOUND = 33012
VERSION_NOT_SUPPORTED = 24006
PROCESSOR_NOT_COMPATIBLE = 24004
TOO_MANY_PROCESSORS = 14420
NOT_ENOUGH_MEMORY = 24002
FILE_NOT_FOUND = 40010


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """The parameters of register-vm. `moved`: path of a layer on the source -> here."""

    uid: str
    tag: str
    folder: str
    config_path: str
    moved: dict[str, str]
    tops: dict[str, str]
    networks: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Obstacle:
    code: int
    message: str


def read_order(parameters: Mapping[str, Any]) -> ImportOrder:
    """From the parameters as they came with the script."""
    disks = {disk["location"]: [tuple(pair) for pair in disk["layers"]] for disk in parameters["Disks"] or []}
    return ImportOrder(
        uid=parameters["Uid"].lower(),
        tag=parameters["Tag"],
        folder=parameters["Folder"],
        config_path=parameters["ConfigPath"],
        moved={source: target for layers in disks.values() for source, target in layers},
        tops={location: layers[-1][1] for location, layers in disks.items()},
        networks={item["adapter_id"]: item["network_name"] for item in parameters["Adapters"] or []},
    )


def register(machine: Machine, order: ImportOrder) -> RegisteredVm:
    """Register the VM saved or off, as it came, held; a VM with this id that bears the tag is taken as done.

    Raises Refused AlreadyExists, Incompatible, NotFound.
    """
    known = _registered(machine, order)
    if known is not None:
        return known
    config = _ordered_config(machine, order)
    if not bears_mark(config.notes, order.tag):
        raise Refused("Incompatible", f"'{order.config_path}' is not the VM that was marked.", "InvalidData")
    obstacles = list(_obstacles(machine, order, config))
    if obstacles:
        reasons = " ".join(f"{obstacle.message} ({obstacle.code})" for obstacle in obstacles)
        raise Refused("Incompatible", f"{machine.folder.name} cannot take the VM: {reasons}", "InvalidData")
    config.start_action = HELD
    config.notes = without_start_order(config.notes, order.tag)  # that was to the other host
    write_config(machine.folder.drives.real(order.config_path), config)
    vm = RegisteredVm(machine.folder, order.config_path)
    machine.add(vm)
    return vm


def _registered(machine: Machine, order: ImportOrder) -> RegisteredVm | None:
    """The VM, when this job has registered it already. Raises Refused AlreadyExists for another one's."""
    vm = machine.find(order.uid)
    if vm is not None and not bears_mark(vm.config.notes, order.tag):
        raise Refused(
            "AlreadyExists",
            f"{vm.config.name}, with the same id, is registered on {machine.folder.name} and does not bear the tag "
            f"{order.tag}.",
            "ResourceExists",
        )
    if vm is not None and start_ordered_by(vm.config.notes) != order.tag:
        with vm.lock:
            change(vm, vm.config.notes, HELD)
    return vm


def _ordered_config(machine: Machine, order: ImportOrder) -> VmConfig:
    """The configuration as it would be registered, its layers pointed at their parents' new places."""
    config = read_config(machine.folder.drives.real(order.config_path))
    if config.uid != order.uid:
        raise Refused("Incompatible", f"'{order.config_path}' is the configuration of {config.uid}, not {order.uid}.")
    _point_layers(machine, order)
    config.folder = order.folder
    config.move_layers(order.moved)
    for checkpoint in config.checkpoints:
        checkpoint.config_path = f"{order.folder}\\Snapshots\\{checkpoint.checkpoint_id.upper()}.vmcx"
    _check_disks(config, order)
    _connect(machine, order, config)
    return config


def _check_disks(config: VmConfig, order: ImportOrder) -> None:
    """Raises Refused Incompatible for a disk that was not copied, or not as far as the configuration writes."""
    for disk in config.disks:
        is_stale = disk.path != order.tops.get(disk.location, disk.path)
        if not disk.is_pass_through and (is_stale or disk.path not in order.moved.values()):
            raise Refused(
                "Incompatible",
                f"The configuration uses {disk.path} at {disk.location}, which is not what was copied.",
                "InvalidData",
            )


def _connect(machine: Machine, order: ImportOrder, config: VmConfig) -> None:
    for adapter in config.adapters:
        network = order.networks.get(adapter.adapter_id, adapter.network_name)
        if adapter.adapter_id in order.networks and network and not machine.settings.has_switch(network):
            raise Refused(
                "NotFound", f"There is no virtual switch named {network} on {machine.folder.name}.", "ObjectNotFound"
            )
        adapter.network_name = network


def _obstacles(machine: Machine, order: ImportOrder, config: VmConfig) -> Iterator[Obstacle]:
    host, settings = machine.folder.name, machine.settings
    for adapter in config.adapters:
        if adapter.network_name is not None and not settings.has_switch(adapter.network_name):
            yield Obstacle(SWITCH_NOT_FOUND, f"Could not find Ethernet switch '{adapter.network_name}'.")
    if config.version not in settings.vm_versions:
        yield Obstacle(VERSION_NOT_SUPPORTED, f"{host} does not support configuration version {config.version}.")
    if config.cpu_count > settings.cpu_count:
        yield Obstacle(
            TOO_MANY_PROCESSORS, f"The VM has {config.cpu_count} processors, {host} has {settings.cpu_count}."
        )
    if config.saved and config.saved.cpu_vendor != settings.cpu_vendor:
        yield Obstacle(
            PROCESSOR_NOT_COMPATIBLE, f"The saved state was made on another make of processor than {host}'s."
        )
    if config.saved and config.memory_mb > machine.free_memory_mb():
        yield Obstacle(NOT_ENOUGH_MEMORY, f"{host} has not the {config.memory_mb} MB of memory to restore the VM.")
    yield from _missing_files(machine, order, config)


def _missing_files(machine: Machine, order: ImportOrder, config: VmConfig) -> Iterator[Obstacle]:
    drives = machine.folder.drives
    wanted = [state_path(order.config_path), *config.dvd_paths, *order.moved.values()]
    wanted += [disk.path for disk in config.disks if not disk.is_pass_through]
    for checkpoint in config.checkpoints:
        wanted += [checkpoint.config_path, state_path(checkpoint.config_path)]
    for path in sorted(set(wanted)):
        try:
            is_there = drives.real(path).is_file()
        except Refused:
            is_there = False
        if not is_there:
            yield Obstacle(FILE_NOT_FOUND, f"The file '{path}' was not found.")
    if config.saved and not _state_belongs(machine, order, config.saved.save_id):
        yield Obstacle(FILE_NOT_FOUND, "The saved state does not belong to the configuration.")


def _state_belongs(machine: Machine, order: ImportOrder, save_id: str) -> bool:
    try:
        return read_state_header(machine.folder.drives.real(state_path(order.config_path))).save_id == save_id
    except Refused:
        return False


def _point_layers(machine: Machine, order: ImportOrder) -> None:
    """What Set-VHD -ParentPath does: each child names its parent's new path. The base must really be the parent."""
    drives = machine.folder.drives
    for target in order.moved.values():
        layer = Layer.open(drives.real(target), writable=True)
        try:
            old = layer.header.parent_path
            new = order.moved.get(old) if old else None
            if new is not None:
                layer.set_parent(layer.header.parent_id, new, drives.real(new))
        finally:
            layer.close()
    for top in order.tops.values():
        chain_files(drives.real(top), drives)
