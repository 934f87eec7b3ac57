"""What lies where in a lab's folder, and lab.json: the hosts, networks and VMs as others read them."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lab.json_files import read_json, write_json
from lab.kvm.spec import DiskSpec, VmSpec
from lab.process_start import process_start

UDP_PORT = 7777
TCP_PORT = 7
HTTP_PORT = 80
SSH_PORT = 22
LIBVIRT_TCP_PORT = 16509


@dataclass(frozen=True, slots=True)
class HostEntry:
    """How a host is reached. `host_key` is a line of known_hosts without the name; the key file is for `user`."""

    name: str
    address: str
    uuid: str
    user: str
    ssh_port: int
    private_key: str
    host_key: str
    libvirt_tcp_port: int
    bridges: tuple[str, ...]
    folders: tuple[str, ...]
    small_mb: int


@dataclass(frozen=True, slots=True)
class NetworkEntry:
    """A bridge and the hosts that have it."""

    name: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VmEntry:
    """A VM: its address goes with it wherever it runs. It is made once, on `first_host`."""

    uuid: str
    name: str
    address: str
    mac: str
    first_host: str
    udp_port: int
    tcp_port: int
    http_port: int
    disks: tuple[str, ...]
    spec: VmSpec
    is_made: bool = False


@dataclass(frozen=True, slots=True)
class LabFacts:
    """lab.json. `address` is this machine's own in the lab's network; `domain_type` is "kvm" or "qemu" (TCG)."""

    name: str
    subnet: str
    address: str
    domain_type: str
    acceleration: str
    image: str
    hosts: tuple[HostEntry, ...]
    networks: tuple[NetworkEntry, ...]
    vms: tuple[VmEntry, ...]

    def vm(self, name_or_uuid: str) -> VmEntry:
        """Raises KeyError."""
        for vm in self.vms:
            if name_or_uuid in (vm.name, vm.uuid):
                return vm
        raise KeyError(name_or_uuid)

    def with_vm(self, vm: VmEntry) -> LabFacts:
        """Instead of the one of the same name, if there is one."""
        return replace(self, vms=(*self.without_vm(vm.name).vms, vm))

    def without_vm(self, name: str) -> LabFacts:
        return replace(self, vms=tuple(vm for vm in self.vms if vm.name != name))


class HostFolder:
    """One host's part of the lab's folder: its own /var, /root, /run and more lie here and survive its fall."""

    def __init__(self, lab_root: Path, name: str) -> None:
        self.name = name
        self.root = lab_root / name
        self.small_image = self.root / "small.img"
        self.process_file = self.root / "process"
        self.log_file = self.root / "host.log"

    def note_process(self, pid: int) -> None:
        """`pid` is the host's first process, as this machine numbers it."""
        write_json(self.process_file, [pid, process_start(pid)])

    def process(self) -> int | None:
        """The host's first process, while it lives."""
        try:
            pid, started = read_json(self.process_file)
        except (FileNotFoundError, ValueError):
            return None
        return pid if started is not None and process_start(pid) == started else None


class LabFolder:
    """A lab's folder as a whole."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.facts_file = self.root / "lab.json"
        self.private_key = self.root / "id_ed25519"
        self.public_key = self.root / "id_ed25519.pub"

    def facts(self) -> LabFacts:
        """Raises FileNotFoundError when there is no lab in the folder."""
        return _facts(read_json(self.facts_file))

    def write_facts(self, facts: LabFacts) -> None:
        write_json(self.facts_file, asdict(facts), is_flushed=True)

    def host(self, name: str) -> HostFolder:
        return HostFolder(self.root, name)


def stable_uuid(lab: str, name: str) -> str:
    """The same for the same lab name and the same host or VM in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.{lab}.lab.ferry.dev"))


def _facts(fields: dict[str, Any]) -> LabFacts:
    fields["hosts"] = tuple(HostEntry(**_tuples(host, "bridges", "folders")) for host in fields["hosts"])
    fields["networks"] = tuple(NetworkEntry(**_tuples(network, "hosts")) for network in fields["networks"])
    fields["vms"] = tuple(VmEntry(**(_tuples(vm, "disks") | {"spec": _vm_spec(vm["spec"])})) for vm in fields["vms"])
    return LabFacts(**fields)


def _vm_spec(fields: dict[str, Any]) -> VmSpec:
    disks = tuple(DiskSpec(**disk) for disk in fields["disks"])
    return VmSpec(**(_tuples(fields, "networks") | {"disks": disks}))


def _tuples(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return fields | {name: tuple(fields[name]) for name in names}
