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
from lab.kvm.network import MANAGEMENT, host_namespace, port_name, switch_namespace, uplink
from lab.kvm.processes import command_line, first_process, kill_all, processes

_INIT = Path(__file__).parent / "host/init.sh"
_UP_S = 30.0


class HostIsDown(Exception):
    """The host does not run, so that nothing can be asked of it."""


@dataclass(frozen=True, slots=True)
class VmView:
    """A VM as the host's libvirt has it. `state` is libvirt's word: "running", "shut off", "paused"...

    One that is not persistent is gone when it ends.
    """

    uuid: str
    name: str
    state: str
    is_persistent: bool


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
        self.folder = folder.host(entry.name)

    def is_up(self) -> bool:
        return self.folder.process() is not None

    def start(self) -> None:
        """Power on; returns when ssh and libvirt answer. VMs with autostart start. Raises LabDidNotAnswer."""
        if self.is_up():
            return
        kill_all(self.namespace)
        write_host_files(self._lab, self._facts, self.entry)
        self._launch()
        log = f"{self.name} is not up after {_UP_S:.0f} s; see {self.folder.log_file}."
        wait_until(self._has_first_process, log, _UP_S)
        self.plug()
        wait_until(self._answers, log, _UP_S)

    def kill(self) -> None:
        """Pull the plug: libvirtd, sshd and all VMs are gone at once, and the host's address is silent."""
        self.unplug()
        kill_all(self.namespace)

    def plug(self) -> None:
        self._set_links("up")

    def unplug(self) -> None:
        """The host and its VMs live on, but nobody reaches them."""
        self._set_links("down")

    def has_libvirt(self) -> bool:
        """Its port listens before its QEMU driver is ready."""
        try:
            self.virsh("version")
        except CommandFailed:
            return False
        return True

    def run(self, command: Sequence[str], *, timeout_s: float = 60.0, text: str | None = None) -> str:
        """Run a command on the host, as root. Raises CommandFailed, HostIsDown."""
        return run(["nsenter", "--target", str(self._process()), "--all", *command], timeout_s=timeout_s, text=text)

    def begin(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a command on the host, as root; what it prints is dropped. Raises HostIsDown."""
        inside = ["nsenter", "--target", str(self._process()), "--all", *command]
        return subprocess.Popen(inside, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def virsh(self, *words: str, text: str | None = None) -> str:
        return self.run(["virsh", "-q", "-c", "qemu:///system", *words], text=text)

    def real(self, path: str) -> Path:
        """The file behind a path of this host, as this machine opens it. Raises HostIsDown."""
        return Path(f"/proc/{self._process()}/root{path}")

    def vms(self) -> list[VmView]:
        """Every VM that is defined or runs here."""
        return [self._view(uuid) for uuid in self.virsh("list", "--all", "--uuid").split()]

    def disks(self, name: str) -> list[str]:
        """The files that the VM writes."""
        lines = [line.split(maxsplit=3) for line in self.virsh("domblklist", "--details", name).splitlines()]
        return [words[3] for words in lines if words[1:2] == ["disk"]]

    def has_vm(self, name_or_uuid: str) -> bool:
        return any(name_or_uuid in (vm.name, vm.uuid) for vm in self.vms())

    def running(self) -> list[str]:
        """The UUIDs of the VMs that QEMU processes run here, asked of the kernel; also paused ones."""
        lines = [command_line(pid) for pid in processes(self.namespace)]
        return [words[words.index("-uuid") + 1] for words in lines if "-uuid" in words]

    def start_vm(self, name: str) -> None:
        self.virsh("start", name)

    def stop_vm(self, name: str) -> None:
        """As pulling its plug."""
        self.virsh("destroy", name)

    def define(self, xml: str) -> None:
        self.virsh("define", "/dev/stdin", text=xml)

    def delete_file(self, path: str) -> None:
        """Also out of the memory of its storage pool: libvirt makes no disk where it believes that one is."""
        self.real(path).unlink()
        for pool in self.virsh("pool-list", "--name").split():
            self.virsh("pool-refresh", pool)

    def forget_vm(self, name: str) -> None:
        """Whatever it does, the host knows nothing of it afterwards; its disks stay."""
        if any(vm.name == name and vm.state != "shut off" for vm in self.vms()):
            self.virsh("destroy", name)
        if self.has_vm(name):
            self.virsh("undefine", name, "--managed-save", "--snapshots-metadata")

    def _view(self, uuid: str) -> VmView:
        lines = self.virsh("dominfo", uuid).splitlines()
        fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        return VmView(uuid, fields["Name"], fields["State"], fields["Persistent"] == "yes")

    def _process(self) -> int:
        process = self.folder.process()
        if process is None:
            raise HostIsDown(f"{self.name} is down.")
        return process

    def _launch(self) -> None:
        """As nobody's child, so that the host outlives us; its first process has the number 1 in there."""
        command = ["setsid", "--fork", "nsenter", f"--net=/run/netns/{self.namespace}"]
        command += ["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]
        command += ["/bin/bash", str(_INIT), str(self.folder.root), self._facts.image, self.name.lower()]
        with self.folder.log_file.open("ab") as log:
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True)

    def _has_first_process(self) -> bool:
        pid = first_process(self.namespace)
        if pid is not None:
            self.folder.note_process(pid)
        return pid is not None

    def _answers(self) -> bool:
        ports = (self.entry.ssh_port, self.entry.libvirt_tcp_port)
        return all(_listens(self.address, port) for port in ports) and self.has_libvirt()

    def _set_links(self, state: str) -> None:
        for leg in (MANAGEMENT, *(uplink(bridge) for bridge in self.entry.bridges)):
            port = port_name(self.name, leg)
            run(["ip", "-n", self.switch, "link", "set", port, state])


def _listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True
