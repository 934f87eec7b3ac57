"""What tests and scripts hold a KVM lab by: bring it up and down, add VMs, and ask what is really the case."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

from lab.kvm.create import LabRefused, clear_away, create_lab, new_vm
from lab.kvm.disks import make_disk
from lab.kvm.domain import domain_xml
from lab.kvm.host import Host
from lab.kvm.hostfiles import keep_capabilities
from lab.kvm.image import GuestImage
from lab.kvm.layout import LabFacts, LabFolder, VmEntry
from lab.kvm.network import make_network, remains
from lab.kvm.packages import Say
from lab.kvm.spec import LabSpec, VmSpec


class Lab:
    """A lab in a folder."""

    def __init__(self, root: Path) -> None:
        self.folder = LabFolder(root)
        self.root = self.folder.root

    @classmethod
    def create(cls, root: Path, spec: LabSpec, image: GuestImage, *, name: str, say: Say) -> Self:
        """A new lab; nothing runs yet. The image must be built. Raises LabRefused, CommandFailed."""
        create_lab(root, spec, image, name, say)
        return cls(root)

    @classmethod
    def open(cls, root: Path) -> Self:
        """A lab that exists. Raises FileNotFoundError."""
        lab = cls(root)
        lab.facts()
        return lab

    def facts(self) -> LabFacts:
        return self.folder.facts()

    def up(self) -> None:
        """Start the hosts that do not run, and make the VMs that were never made.

        What a lab that died has left is removed first. Raises CommandFailed, LabDidNotAnswer, LabRefused.
        """
        with self._locked():
            facts = self.facts()
            if not any(host.is_up() for host in self.hosts()):
                clear_away(facts.name, self.root)
                hosts = [(host.name, host.address, host.bridges) for host in facts.hosts]
                make_network(facts.name, int(facts.address.split(".")[2]), hosts)
            with ThreadPoolExecutor() as together:
                list(together.map(Host.start, self.hosts()))
            keep_capabilities(self.folder.host(facts.hosts[0].name), facts)
            for vm in facts.vms:
                if not vm.is_made:
                    self._make(vm)

    def is_whole(self) -> bool:
        """Whether every host runs and every VM has been made: `up` would do nothing."""
        return all(host.is_up() for host in self.hosts()) and all(vm.is_made for vm in self.facts().vms)

    def down(self) -> None:
        """As a power failure: hosts and VMs end at once. Disks, definitions and keys stay for the next `up`."""
        with self._locked():
            clear_away(self.facts().name, self.root)

    def destroy(self) -> None:
        """End everything and delete the folder."""
        self.down()
        shutil.rmtree(self.root)

    def remains(self) -> list[str]:
        """Namespaces and interfaces of this lab that are there."""
        return remains(self.facts().name)

    def hosts(self) -> list[Host]:
        facts = self.facts()
        return [Host(self.folder, facts, entry) for entry in facts.hosts]

    def host(self, name: str) -> Host:
        """Raises KeyError."""
        return {host.name: host for host in self.hosts()}[name]

    def guest(self, name_or_uuid: str) -> VmEntry:
        """Raises KeyError."""
        return self.facts().vm(name_or_uuid)

    def add_vm(self, host: str, spec: VmSpec) -> VmEntry:
        """Make a VM on the host, and start it if the spec says so. Raises LabRefused, CommandFailed."""
        with self._locked():
            facts = self.facts()
            if any(vm.name == spec.name for vm in facts.vms):
                raise LabRefused(f"The lab has a VM {spec.name} already.")
            return self._make(new_vm(facts, host, spec))

    def remove_vm(self, name: str) -> None:
        """From every host that is up: the VM, and every file in the hosts' folders that bears its name."""
        with self._locked():
            for host in self.hosts():
                if host.is_up():
                    host.forget_vm(name)
                    for folder in host.entry.folders:
                        for path in host.real(folder).glob(f"{name}[.-]*"):
                            host.delete_file(f"{folder}/{path.name}")
            self.folder.write_facts(self.facts().without_vm(name))

    def running(self, name_or_uuid: str) -> list[str]:
        """The hosts on which a QEMU process of this VM lives, asked of the kernel. More than one must never be."""
        wanted = self.guest(name_or_uuid).uuid
        return [host.name for host in self.hosts() for uuid in host.running() if uuid == wanted]

    def registered(self, name_or_uuid: str) -> list[str]:
        """The hosts that are up whose libvirt has this VM."""
        return [host.name for host in self.hosts() if host.is_up() and host.has_vm(name_or_uuid)]

    def _make(self, vm: VmEntry) -> VmEntry:
        host = self.host(vm.first_host)
        host.forget_vm(vm.name)  # made by halves
        for index, (path, disk) in enumerate(zip(vm.disks, vm.spec.disks, strict=True)):
            make_disk(host.real(path), vm.uuid, index, disk)
        host.define(domain_xml(vm, self.facts().domain_type))
        if vm.spec.is_autostarted:
            host.virsh("autostart", vm.name)
        if vm.spec.is_running:
            host.start_vm(vm.name)
        made = replace(vm, is_made=True)
        self.folder.write_facts(self.facts().with_vm(made))
        return made

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Against a second process that works on the same lab."""
        with (self.root / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
