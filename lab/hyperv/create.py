"""Makes a lab's folder from a spec: hosts with their drives, VMs with their disks, one set of credentials."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime
from pathlib import Path, PureWindowsPath

from lab.hyperv.certificates import issue_certificate, make_authority
from lab.hyperv.chain import Chain
from lab.hyperv.config import AdapterSlot, DiskSlot, VmConfig, state_path, write_config
from lab.hyperv.disk import create_dynamic, create_fixed
from lab.hyperv.layout import (
    GUEST_PORT,
    HTTP_PORT,
    HTTPS_PORT,
    Credentials,
    GuestEntry,
    HostEntry,
    HostFolder,
    HostSettings,
    LabFacts,
    LabFolder,
    SwitchEntry,
    VolumeEntry,
)
from lab.hyperv.records import DiskMap, format_disk
from lab.hyperv.registry import RegistryEntry
from lab.hyperv.spec import DiskSpec, HostSpec, LabSpec, VmSpec
from lab.hyperv.statefile import StateHeader, write_state
from lab.hyperv.subnets import claim_subnet, guest_address, host_address
from lab.json_files import write_json

MEGABYTE = 1 << 20


def create_lab(root: Path, spec: LabSpec) -> LabFolder:
    """Make the lab in the new folder `root`. lab.json is written last: a folder with it is a whole lab."""
    folder = LabFolder(root)
    folder.root.mkdir(parents=True)
    subnet = claim_subnet(folder, len(spec.hosts))
    write_json(folder.credentials_file, Credentials(spec.username, secrets.token_urlsafe(18)))
    hosts = tuple(_entry(host, subnet, number) for number, host in enumerate(spec.hosts, 1))
    authority = make_authority(folder.root)
    guests: list[GuestEntry] = []
    for host, entry in zip(spec.hosts, hosts, strict=True):
        issue_certificate(authority, folder.root, entry.address)
        _create_host(folder.host(host.name), host, entry)
        guests += _create_vms(folder.host(host.name), host, subnet, len(guests))
    facts = LabFacts(subnet, datetime.now(UTC).isoformat(), spec.keeper_grace_s, hosts, tuple(guests))
    write_json(folder.facts_file, facts)
    return folder


def _entry(host: HostSpec, subnet: str, number: int) -> HostEntry:
    return HostEntry(host.name, host_address(subnet, number), HTTP_PORT, HTTPS_PORT)


def _create_host(folder: HostFolder, spec: HostSpec, entry: HostEntry) -> None:
    for volume in spec.volumes:
        (folder.root / volume.path[0]).mkdir(parents=True)
    write_json(folder.settings_file, _settings(spec, entry))


def _settings(spec: HostSpec, entry: HostEntry) -> HostSettings:
    data = spec.volumes[-1].path
    return HostSettings(
        name=spec.name,
        address=entry.address,
        os_name=spec.os_name,
        os_version=spec.os_version,
        cpu_vendor=spec.cpu_vendor,
        cpu_model=spec.cpu_model,
        cpu_count=spec.cpu_count,
        cpu_percent=spec.cpu_percent,
        disk_iops=spec.disk_iops,
        network_mbps=spec.network_mbps,
        link_mbps=spec.link_mbps,
        memory_mb=spec.memory_mb,
        vm_versions=spec.vm_versions,
        default_vm_path=f"{data}VMs",
        default_disk_path=f"{data}VMs",
        merge_delay_s=spec.merge_delay_s,
        switches=tuple(SwitchEntry(str(uuid.uuid4()), name, "External") for name in spec.switches),
        volumes=tuple(VolumeEntry(v.path, v.label, v.size_mb * MEGABYTE) for v in spec.volumes),
    )


def _create_vms(folder: HostFolder, spec: HostSpec, subnet: str, first: int) -> list[GuestEntry]:
    registry: dict[str, RegistryEntry] = {}
    guests = []
    for number, vm in enumerate(spec.vms, first + 1):
        config = _config(vm, guest_address(subnet, number), number)
        config_path = f"{config.folder}\\Virtual Machines\\{config.uid.upper()}.vmcx"
        _create_files(folder, vm, config, config_path)
        registry[config.uid] = RegistryEntry(config_path, was_running=vm.is_running)
        guests.append(GuestEntry(config.uid, vm.name, config.guest_address, GUEST_PORT))
    write_json(folder.registry_file, registry)
    return guests


def _config(vm: VmSpec, address: str, number: int) -> VmConfig:
    folder = f"{vm.folder}\\{vm.name}"
    disks = [
        DiskSlot(f"SCSI 0:{slot}", f"{folder}\\Virtual Hard Disks\\{vm.name.lower()}-{slot}.vhdx")
        for slot in range(len(vm.disks))
    ]
    return VmConfig(
        uid=str(uuid.uuid4()),
        name=vm.name,
        folder=folder,
        version=vm.version,
        generation=2,
        cpu_count=vm.cpu_count,
        cpu_percent=vm.cpu_percent,
        memory_mb=vm.memory_mb,
        has_dynamic_memory=vm.has_dynamic_memory,
        start_action=vm.start_action,
        guest_address=address,
        guest_port=GUEST_PORT,
        records_per_s=vm.records_per_s,
        is_clustered=vm.is_clustered,
        is_replicated=vm.is_replicated,
        shutdown_s=vm.shutdown_s,
        has_assigned_device=vm.has_assigned_device,
        has_processor_compatibility=vm.has_processor_compatibility,
        network_mbps=vm.network_mbps,
        dvd_paths=list(vm.dvd_paths),
        disks=disks,
        adapters=[_adapter(network, address, number, slot) for slot, network in enumerate(vm.networks)],
    )


def _adapter(network: str | None, address: str, number: int, slot: int) -> AdapterSlot:
    return AdapterSlot(
        adapter_id=str(uuid.uuid4()),
        name="Network Adapter" if slot == 0 else f"Network Adapter {slot + 1}",
        mac=f"00155D00{number:02X}{slot:02X}",
        network_name=network,
        vlan_id=None,
        addresses=[address] if slot == 0 else [],
    )


def _create_files(folder: HostFolder, vm: VmSpec, config: VmConfig, config_path: str) -> None:
    for place in ("Virtual Hard Disks", "Virtual Machines", "Snapshots"):
        folder.drives.real(f"{config.folder}\\{place}").mkdir(parents=True)
    for number, disk in enumerate(vm.disks):
        _create_disk(folder, disk, number, config)
    for path in config.dvd_paths:
        real = folder.drives.real(path)
        real.parent.mkdir(parents=True, exist_ok=True)
        real.touch()
    write_state(folder.drives.real(state_path(config_path)), StateHeader(config.uid))
    write_config(folder.drives.real(config_path), config)


def _create_disk(folder: HostFolder, spec: DiskSpec, number: int, config: VmConfig) -> None:
    path = folder.drives.real(str(PureWindowsPath(config.disks[number].path)))
    size_bytes = spec.size_mb * MEGABYTE
    (create_dynamic if spec.is_dynamic else create_fixed)(path, size_bytes)
    chain = Chain.open(path, folder.drives, writable=True)
    plan = DiskMap(number, len(config.disks), spec.fill_mb * MEGABYTE, "", 0, spec.record_bytes, 0)
    format_disk(chain.write, plan, size_bytes, f"{config.name}-{number}")
    chain.close()
