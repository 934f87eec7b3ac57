"""What lies where in a lab's folder, and who is who in it: lab.json, host.json, credentials, addresses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.hyperv.paths import DriveFolders, split_unc
from lab.hyperv.refusal import Refused
from lab.json_files import read_json
from lab.process_start import process_start

HTTP_PORT = 5985
HTTPS_PORT = 5986
GUEST_PORT = 5985  # as Windows does: one that outsiders know to try


@dataclass(frozen=True, slots=True)
class HostEntry:
    """A host as the whole lab knows it."""

    name: str
    address: str
    http_port: int
    https_port: int


@dataclass(frozen=True, slots=True)
class GuestEntry:
    """A VM as the whole lab knows it: its address goes with it wherever it runs."""

    uid: str
    name: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class LabFacts:
    """lab.json."""

    subnet: str
    created: str
    keeper_grace_s: float
    hosts: tuple[HostEntry, ...]
    vms: tuple[GuestEntry, ...]


@dataclass(frozen=True, slots=True)
class SwitchEntry:
    id: str
    name: str
    kind: str
    vlans: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class VolumeEntry:
    path: str
    label: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class HostSettings:
    """host.json."""

    name: str
    address: str
    os_name: str
    os_version: str
    cpu_vendor: str
    cpu_model: str
    cpu_count: int
    cpu_percent: float
    disk_iops: float
    network_mbps: float
    link_mbps: float
    memory_mb: int
    vm_versions: tuple[str, ...]
    default_vm_path: str
    default_disk_path: str
    merge_delay_s: float
    switches: tuple[SwitchEntry, ...]
    volumes: tuple[VolumeEntry, ...]

    def has_switch(self, name: str) -> bool:
        return any(switch.name == name for switch in self.switches)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who may sign in to every host of the lab. `repr` does not show the password."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials({self.username!r}, '*****')"

    def match(self, username: str, password: str) -> bool:
        """With or without the domain, as Windows takes it; names compare without case."""
        known = {self.username.lower(), self.username.rpartition("\\")[2].lower()}
        return username.lower() in known and password == self.password


class HostFolder:
    """One host's part of a lab's folder."""

    def __init__(self, lab_root: Path, name: str) -> None:
        self.lab_root = lab_root
        self.name = name
        self.root = lab_root / name
        self.drives = DriveFolders(self.root)
        self.settings_file = self.root / "host.json"
        self.registry_file = self.root / "registry.json"
        self.faults_file = self.root / "faults.json"
        self.late_folder = self.root / "late"
        self.pid_file = self.root / "host.pid"
        self.log_file = self.root / "host.log"

    def settings(self) -> HostSettings:
        fields = read_json(self.settings_file)
        fields["switches"] = tuple(SwitchEntry(**(s | {"vlans": tuple(s["vlans"])})) for s in fields["switches"])
        fields["volumes"] = tuple(VolumeEntry(**volume) for volume in fields["volumes"])
        fields["vm_versions"] = tuple(fields["vm_versions"])
        return HostSettings(**fields)

    def is_up(self) -> bool:
        """True while the host's process lives."""
        try:
            pid, started = self.pid_file.read_text().split()
        except (FileNotFoundError, ValueError):
            return False
        return process_start(int(pid)) == started


class LabFolder:
    """A lab's folder as a whole."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.facts_file = self.root / "lab.json"
        self.credentials_file = self.root / "credentials.json"

    def facts(self) -> LabFacts:
        fields = read_json(self.facts_file)
        fields["hosts"] = tuple(HostEntry(**host) for host in fields["hosts"])
        fields["vms"] = tuple(GuestEntry(**vm) for vm in fields["vms"])
        return LabFacts(**fields)

    def credentials(self) -> Credentials:
        return Credentials(**read_json(self.credentials_file))

    def host(self, name: str) -> HostFolder:
        return HostFolder(self.root, name)

    def shared_file(self, location: str, username: str, password: str) -> tuple[HostFolder, Path]:
        """The host and the file behind a UNC path, for whoever signs in like this. Raises Refused as SMB would."""
        server, path = split_unc(location)
        entry = next((host for host in self.facts().hosts if server.lower() in (host.address, host.name.lower())), None)
        if entry is None or not self.host(entry.name).is_up():
            raise Refused("HostUnreachable", f"The network path '\\\\{server}' was not found.", "OpenError")
        if not self.credentials().match(username, password):
            raise Refused("AccessDenied", "The user name or password is incorrect.", "SecurityError")
        folder = self.host(entry.name)
        return folder, folder.drives.real(path)
