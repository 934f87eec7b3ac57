"""What tests and scripts hold a lab by: bring it up and down, and ask what is really the case."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lab.hyperv.create import create_lab
from lab.hyperv.hostcontrol import HostControl
from lab.hyperv.keeper import resign, take_over
from lab.hyperv.layout import Credentials, GuestEntry, LabFolder
from lab.hyperv.processes import await_down, await_up, guests, launch_host, signal_host
from lab.hyperv.spec import LabSpec, default_spec


class Lab:
    """A lab in a folder. As a context manager it is brought up, and destroyed at the end."""

    def __init__(self, root: Path) -> None:
        self.folder = LabFolder(root)
        self.root = self.folder.root

    @classmethod
    def create(cls, root: Path, spec: LabSpec | None = None) -> Self:
        """Make a new lab (by default three hosts with four VMs); nothing runs yet."""
        create_lab(root, spec or default_spec())
        return cls(root)

    @classmethod
    def open(cls, root: Path) -> Self:
        """A lab that exists. Raises FileNotFoundError."""
        lab = cls(root)
        lab.folder.facts()
        return lab

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.destroy()

    @property
    def ca_file(self) -> Path:
        """The certificate authority that signed the hosts' certificates."""
        return self.root / "ca.pem"

    def up(self, *, keeper_pid: int | None = None, timeout_s: float = 30.0) -> None:
        """Start the hosts that do not run; returns when all answer. Raises LabDidNotAnswer.

        With `keeper_pid` the hosts shut down by themselves some time after that process has died.
        """
        if keeper_pid is None:
            resign(self.root)
        else:
            take_over(self.root, keeper_pid)
        entries = self.folder.facts().hosts
        for entry in entries:
            if not self.folder.host(entry.name).is_up():
                launch_host(self.folder.host(entry.name))
        for entry in entries:
            await_up(self.folder.host(entry.name), entry, timeout_s)

    def down(self, timeout_s: float = 60.0) -> None:
        """Shut all hosts down in good order: running VMs are saved."""
        folders = [self.folder.host(entry.name) for entry in self.folder.facts().hosts]
        for folder in folders:
            signal_host(folder, signal.SIGTERM)
        for folder in folders:
            await_down(folder, timeout_s)

    def destroy(self) -> None:
        """End everything at once and delete the folder."""
        for host in self.hosts():
            host.kill()
        shutil.rmtree(self.root)

    def hosts(self) -> list[HostControl]:
        return [HostControl(self.folder.host(entry.name), entry) for entry in self.folder.facts().hosts]

    def host(self, name: str) -> HostControl:
        """Raises KeyError."""
        return {host.name: host for host in self.hosts()}[name]

    def credentials(self) -> Credentials:
        """Who signs in to every host of the lab."""
        return self.folder.credentials()

    def guests(self) -> tuple[GuestEntry, ...]:
        """Every VM of the lab, wherever it is."""
        return self.folder.facts().vms

    def guest(self, name_or_uid: str) -> GuestEntry:
        """Raises KeyError."""
        for entry in self.guests():
            if name_or_uid in (entry.name, entry.uid):
                return entry
        raise KeyError(name_or_uid)

    def guest_address(self, name_or_uid: str) -> tuple[str, int]:
        """Where the VM answers TCP while it runs."""
        entry = self.guest(name_or_uid)
        return entry.address, entry.port

    def running(self, name_or_uid: str) -> list[str]:
        """The hosts on which a process of this VM lives, asked of the kernel. More than one must never be."""
        wanted = self.guest(name_or_uid).uid
        return sorted(host for host, uid, _ in guests(self.root) if uid == wanted)

    def registered(self, name_or_uid: str) -> list[str]:
        """The hosts that have this VM registered."""
        return [host.name for host in self.hosts() if host.has_vm(name_or_uid)]

    def twice(self, name_or_uid: str) -> list[dict[str, Any]]:
        """Every time that the VM began to run while it ran already, as its guests noted it. Must be empty."""
        return self._notes("twice.jsonl", name_or_uid)

    def lives(self, name_or_uid: str) -> list[dict[str, Any]]:
        """The VM's beginnings and ends: {"uid", "host", "event", "time"}, as they happened."""
        return self._notes("lives.jsonl", name_or_uid)

    def _notes(self, name: str, name_or_uid: str) -> list[dict[str, Any]]:
        path = self.root / name
        wanted = self.guest(name_or_uid).uid
        lines = path.read_text().splitlines() if path.exists() else []
        return [note for note in map(json.loads, lines) if note["uid"] == wanted]
