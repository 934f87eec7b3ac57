"""Writes a new lab down: names, numbers, addresses and keys. Nothing runs yet, and no disk is made."""

from __future__ import annotations

import re
from pathlib import Path

from lab.kvm.acceleration import acceleration
from lab.kvm.hostfiles import make_host_key, make_key, make_small_volume
from lab.kvm.image import GuestImage
from lab.kvm.layout import (
    HTTP_PORT,
    LIBVIRT_TCP_PORT,
    SSH_PORT,
    TCP_PORT,
    UDP_PORT,
    HostEntry,
    LabFacts,
    LabFolder,
    NetworkEntry,
    VmEntry,
    stable_uuid,
)
from lab.kvm.network import namespaces, remove_network, subnet_number
from lab.kvm.packages import Say
from lab.kvm.processes import command_line, first_process
from lab.kvm.spec import IMAGES, SMALL, HostSpec, LabSpec, VmSpec

_FIRST_HOST, _FIRST_VM = 11, 51
_NAME = r"[a-z][a-z0-9]{0,7}"


class LabRefused(Exception):
    """What was asked of the lab cannot be; the sentence says why."""


def create_lab(root: Path, spec: LabSpec, image: GuestImage, name: str, say: Say) -> LabFolder:
    """The image must be built. Raises LabRefused, CommandFailed."""
    if not re.fullmatch(_NAME, name):
        raise LabRefused(f'"{name}" is no name for a lab: up to eight small letters and digits, a letter first.')
    folder = LabFolder(root)
    if folder.facts_file.exists():
        raise LabRefused(f"There is a lab in {folder.root} already.")
    clear_away(name, folder.root)
    folder.root.mkdir(parents=True, exist_ok=True)
    make_key(folder.private_key, f"lab {name}")
    number = subnet_number(name)
    accelerated = acceleration(image, image.folder, say)
    facts = LabFacts(
        name=name,
        subnet=f"10.77.{number}.0/24",
        address=f"10.77.{number}.1",
        domain_type=accelerated.domain_type,
        acceleration=accelerated.reason,
        image=str(image.folder),
        hosts=tuple(_host(folder, name, f"10.77.{number}.{_FIRST_HOST + i}", h) for i, h in enumerate(spec.hosts)),
        networks=_networks(spec),
        vms=(),
    )
    for host in spec.hosts:
        for vm in host.vms:
            facts = facts.with_vm(new_vm(facts, host.name, vm))
    folder.write_facts(facts)
    return folder


def clear_away(name: str, root: Path) -> None:
    """End what runs of the lab of this name and remove its network.

    Raises LabRefused when it was started from another folder than `root`: names are this machine's, folders anybody's.
    """
    for namespace in namespaces(name):
        first = first_process(namespace)
        words = command_line(first) if first is not None else []
        if len(words) > 2 and Path(words[2]).parent != root:
            raise LabRefused(f"A lab of the name {name} runs from {Path(words[2]).parent}; give this one another name.")
    remove_network(name)


def new_vm(facts: LabFacts, host: str, spec: VmSpec) -> VmEntry:
    """With the first free address; the same UUID and card whenever this lab makes a VM of this name."""
    prefix = facts.address.rpartition(".")[0]
    taken = {vm.address for vm in facts.vms}
    number = next(n for n in range(_FIRST_VM, 255) if f"{prefix}.{n}" not in taken)
    stems = [spec.name if index == 0 else f"{spec.name}-{index}" for index in range(len(spec.disks))]
    return VmEntry(
        uuid=stable_uuid(facts.name, spec.name),
        name=spec.name,
        address=f"{prefix}.{number}",
        mac=f"52:54:00:4d:{int(prefix.rpartition('.')[2]):02x}:{number:02x}",
        first_host=host,
        udp_port=UDP_PORT,
        tcp_port=TCP_PORT,
        http_port=HTTP_PORT,
        disks=tuple(f"{disk.folder}/{stem}.qcow2" for disk, stem in zip(spec.disks, stems, strict=True)),
        spec=spec,
    )


def _host(folder: LabFolder, lab: str, address: str, spec: HostSpec) -> HostEntry:
    host = folder.host(spec.name)
    if spec.small_mb:
        make_small_volume(host, spec.small_mb)
    return HostEntry(
        name=spec.name,
        address=address,
        uuid=stable_uuid(lab, spec.name),
        user="root",
        ssh_port=SSH_PORT,
        private_key=str(folder.private_key),
        host_key=make_host_key(host),
        libvirt_tcp_port=LIBVIRT_TCP_PORT,
        bridges=spec.bridges,
        folders=(IMAGES, SMALL) if spec.small_mb else (IMAGES,),
        small_mb=spec.small_mb,
    )


def _networks(spec: LabSpec) -> tuple[NetworkEntry, ...]:
    names = sorted({bridge for host in spec.hosts for bridge in host.bridges})
    return tuple(NetworkEntry(n, tuple(host.name for host in spec.hosts if n in host.bridges)) for n in names)
