"""One host of the lab: it is started and felled, asked what is really on it, and told to start and stop its VMs."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.kvm.commands import CommandFailed, run, wait_until
from lab.kvm.hostfiles import write_host_files
from lab.kvm.layout import HostEntry, LabFacts, LabFolder
from lab.kvm.network import MANAGEMENT, host_namespace, kill_all, port_name, processes, switch_namespace, uplink

_INIT = Path(__file__).parent / "host/init.sh"
_UP_S = 30.0


class HostIsDown(Exception):
    """The host does not run, so that nothing can be asked of it."""


@dataclass(frozen=True, slots=True)
class VmView:
    """A VM as the host's libvirt has it. `state` is libvirt's word: "running", "shut off", "paused"..."""

    uuid: str
    name: str
    state: str


class Host:
    """`address` is where sshd and libvirtd listen."""

    def __init__(self, folder: LabFolder, facts: LabFacts, entry: HostEntry) -> None:
        self.name = entry.name
        self.address = entry.address
        self.entry = entry
        self.namespace = host_namespace(facts.name, entry.name)
        self.switch = switch_namespace(facts.name)
        self._lab = folder
        self._facts = facts
        self._folder = folder.host(entry.name)

    def is_up(self) -> bool:
        return self._folder.process() is not None

    def start(self) -> None:
        """Power on; returns when ssh and libvirt answer. VMs with autostart start. Raises LabDidNotAnswer."""
        if self.is_up():
            return
        kill_all(self.namespace)
        write_host_files(self._lab, self._facts, self.entry)
        self._launch()
        log = f"{self.name} is not up after {_UP_S:.0f} s; see {self._folder.log_file}."
        wait_until(self._has_first_process, log, _UP_S)
        self._plug("up")
        wait_until(self._answers, log, _UP_S)

    def kill(self) -> None:
        """Pull the plug: libvirtd, sshd and all VMs are gone at once, and the host's address is silent."""
        self._plug("down")
        kill_all(self.namespace)

    def run(self, command: Sequence[str], *, timeout_s: float = 60.0, text: str | None = None) -> str:
        """Run a command on the host, as root. Raises CommandFailed, HostIsDown."""
        return run(["nsenter", "--target", str(self._process()), "--all", *command], timeout_s=timeout_s, text=text)

    def virsh(self, *words: str, text: str | None = None) -> str:
        return self.run(["virsh", "-q", "-c", "qemu:///system", *words], text=text)

    def real(self, path: str) -> Path:
        """The file behind a path of this host, as this machine opens it. Raises HostIsDown."""
        return Path(f"/proc/{self._process()}/root{path}")

    def vms(self) -> list[VmView]:
        """Every VM that is defined or runs here."""
        views = []
        for uuid in self.virsh("list", "--all", "--uuid").split():
            name = self.virsh("domname", uuid).strip()
            views.append(VmView(uuid, name, self.virsh("domstate", uuid).strip()))
        return views

    def has_vm(self, name_or_uuid: str) -> bool:
        return any(name_or_uuid in (vm.name, vm.uuid) for vm in self.vms())

    def running(self) -> list[str]:
        """The UUIDs of the VMs that QEMU processes run here, asked of the kernel; also paused ones."""
        lines = [_command_line(pid) for pid in processes(self.namespace)]
        return [words[words.index("-uuid") + 1] for words in lines if "-uuid" in words]

    def start_vm(self, name: str) -> None:
        self.virsh("start", name)

    def stop_vm(self, name: str) -> None:
        """As pulling its plug."""
        self.virsh("destroy", name)

    def define(self, xml: str) -> None:
        self.virsh("define", "/dev/stdin", text=xml)

    def forget_vm(self, name: str) -> None:
        """Whatever it does, the host knows nothing of it afterwards; its disks stay."""
        if any(vm.name == name and vm.state != "shut off" for vm in self.vms()):
            self.virsh("destroy", name)
        if self.has_vm(name):
            self.virsh("undefine", name, "--managed-save", "--snapshots-metadata")

    def _process(self) -> int:
        process = self._folder.process()
        if process is None:
            raise HostIsDown(f"{self.name} is down.")
        return process

    def _launch(self) -> None:
        """As nobody's child, so that the host outlives us; its first process has the number 1 in there."""
        command = ["setsid", "--fork", "nsenter", f"--net=/run/netns/{self.namespace}"]
        command += ["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]
        command += ["/bin/bash", str(_INIT), str(self._folder.root), self._facts.image, self.name.lower()]
        with self._folder.log_file.open("ab") as log:
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True)

    def _has_first_process(self) -> bool:
        for pid in processes(self.namespace):
            if _number_inside(pid) == 1:
                self._folder.note_process(pid)
                return True
        return False

    def _answers(self) -> bool:
        ports = (self.entry.ssh_port, self.entry.libvirt_tcp_port)
        return all(_listens(self.address, port) for port in ports) and self._has_libvirt()

    def _has_libvirt(self) -> bool:
        """Its port listens before its QEMU driver is ready."""
        try:
            self.virsh("version")
        except CommandFailed:
            return False
        return True

    def _plug(self, state: str) -> None:
        for leg in (MANAGEMENT, *(uplink(bridge) for bridge in self.entry.bridges)):
            port = port_name(self.name, leg)
            run(["ip", "-n", self.switch, "link", "set", port, state])


def _number_inside(pid: int) -> int | None:
    """The process's number in its own namespace."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    numbers = next(line for line in lines if line.startswith("NSpid:")).split()[1:]
    return int(numbers[-1]) if len(numbers) > 1 else None


def _listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def _command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
    except (FileNotFoundError, ProcessLookupError, UnicodeDecodeError):
        return []
