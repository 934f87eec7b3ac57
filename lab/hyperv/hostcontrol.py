"""A test's hold on one emulated host: faults to order, a plug to pull, and a look at what is really there."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hosts.providers.errors import ProviderError
from lab.hyperv.chain import known_files
from lab.hyperv.checkpoints import bears
from lab.hyperv.config import VmConfig, read_config, state_path
from lab.hyperv.faults import COPY, Fault, FaultBook, FaultKind
from lab.hyperv.latecalls import release
from lab.hyperv.layout import HostEntry, HostFolder
from lab.hyperv.notes import bears_mark
from lab.hyperv.processes import await_down, await_up, guests, launch_host, signal_host
from lab.hyperv.workrecord import is_alive, records, work_folder
from lab.json_files import read_json


@dataclass(frozen=True, slots=True)
class VmView:
    """A VM registered on a host, read from its files and processes, not from what the host says."""

    uid: str
    name: str
    state: str
    notes: str
    start_action: str
    folder: str
    config_path: str
    checkpoints: tuple[str, ...]
    is_merging: bool
    networks: tuple[str | None, ...]
    layers: tuple[tuple[str, ...], ...]


class HostControl:
    """`address`, `http_port` and `https_port` are where WinRM listens."""

    def __init__(self, folder: HostFolder, entry: HostEntry) -> None:
        self.folder = folder
        self.name = entry.name
        self.address = entry.address
        self.http_port = entry.http_port
        self.https_port = entry.https_port
        self._entry = entry
        self._faults = FaultBook(folder.faults_file)

    def is_up(self) -> bool:
        return self.folder.is_up()

    def start(self, timeout_s: float = 30.0) -> None:
        """Power on; returns when it answers."""
        if not self.is_up():
            launch_host(self.folder)
        await_up(self.folder, self._entry, timeout_s)

    def stop(self, timeout_s: float = 60.0) -> None:
        """Shut down in good order: running VMs are saved."""
        signal_host(self.folder, signal.SIGTERM)
        await_down(self.folder, timeout_s)

    def kill(self, timeout_s: float = 10.0) -> None:
        """Pull the plug: host, guests and works are gone at once."""
        signal_host(self.folder, signal.SIGKILL)
        await_down(self.folder, timeout_s)

    def kill_works(self, tag: str) -> None:
        """End the processes of the tag's works, as a crash would; their records stay. Returns when they are gone."""
        running = [record for record in records(self.folder, tag) if record.state == "running"]
        for record in running:
            with suppress(ProcessLookupError):
                os.kill(record.process_id, signal.SIGKILL)
        while any(is_alive(record) for record in running):
            time.sleep(0.01)

    def fail(self, verb: str, error: str | ProviderError, message: str = "Ordered by a test.", times: int = 1) -> None:
        """Refuse the verb (or "copy") with this kind, or with the kind and message of a ProviderError."""
        kind = error if isinstance(error, str) else error.kind
        text = message if isinstance(error, str) else error.message
        self.order(Fault(verb, FaultKind.REFUSE, times, error_kind=kind, message=text))

    def hang(self, verb: str, seconds: float, times: int = 1) -> None:
        self.order(Fault(verb, FaultKind.HANG, times, seconds=seconds))

    def late(self, verb: str) -> None:
        """Cut the connection at once; the verb is carried out when `let_late_calls_act` is called."""
        self.order(Fault(verb, FaultKind.LATE))

    def let_late_calls_act(self) -> list[str]:
        """Carry out all that came late, in the order it came; what came of each: "done", or the kind of the refusal."""
        return release(self.folder.late_folder)

    def drop_before(self, verb: str, times: int = 1) -> None:
        """Cut the connection; the verb does not run."""
        self.order(Fault(verb, FaultKind.DROP_BEFORE, times))

    def drop_after(self, verb: str, times: int = 1) -> None:
        """Run the verb and cut the connection instead of answering."""
        self.order(Fault(verb, FaultKind.DROP_AFTER, times))

    def garbage(self, verb: str, times: int = 1) -> None:
        self.order(Fault(verb, FaultKind.GARBAGE, times))

    def kill_before(self, verb: str) -> None:
        """The host loses power when the verb is asked for."""
        self.order(Fault(verb, FaultKind.KILL_HOST_BEFORE))

    def kill_after(self, verb: str) -> None:
        """The host loses power when the verb is done, before it answers. With "copy": when a copy is done."""
        self.order(Fault(verb, FaultKind.KILL_HOST_AFTER))

    def kill_in_copy(self, at_bytes: int = 0) -> None:
        """The host loses power when the next copy has moved this much."""
        self.order(Fault(COPY, FaultKind.KILL_HOST_BEFORE, offset=at_bytes))

    def fail_copy(self, kind: str, message: str = "Ordered by a test.", at_bytes: int = 0, times: int = 1) -> None:
        self.order(Fault(COPY, FaultKind.REFUSE, times, error_kind=kind, message=message, offset=at_bytes))

    def slow_copy(self, bytes_per_s: int, times: int = 1) -> None:
        """The next copies to this host go no faster."""
        self.order(Fault(COPY, FaultKind.SLOW, times, bytes_per_s=bytes_per_s))

    def corrupt_copy(self, offset: int, times: int = 1) -> None:
        """One byte of the next copies to this host arrives wrong."""
        self.order(Fault(COPY, FaultKind.CORRUPT, times, offset=offset))

    def fill(self, volume: str) -> None:
        """The volume ("D:") is full until `free` is called."""
        self.order(Fault("", FaultKind.FULL, volume=volume))

    def free(self, volume: str) -> None:
        self._faults.clear(lambda fault: fault.kind == FaultKind.FULL and fault.volume[:1] == volume[:1])

    def order(self, fault: Fault) -> None:
        self._faults.add(fault)

    def clear_faults(self) -> None:
        self._faults.clear()

    def pending_faults(self) -> list[Fault]:
        return self._faults.pending()

    def vms(self) -> list[VmView]:
        return [self._view(config, path) for config, path in self._configs()]

    def has_vm(self, name_or_uid: str) -> bool:
        return any(name_or_uid in (view.name, view.uid) for view in self.vms())

    def vm(self, name_or_uid: str) -> VmView:
        """Raises KeyError when it is not registered here."""
        for view in self.vms():
            if name_or_uid in (view.name, view.uid):
                return view
        raise KeyError(name_or_uid)

    def traces(self, tag: str) -> list[str]:
        """Everything on this host that bears the tag, a line each: files, works, notes, checkpoints."""
        found = [f"file {path}" for path in self._files() if tag in path]
        for record in records(self.folder, tag):
            found.append(f"work {record.work_id} ({record.state})")
            if record.destination and self.folder.drives.real(record.destination).exists():
                found.append(f"file {record.destination} of work {record.work_id}")
        if self.folder.drives.real(work_folder(tag)).exists():
            found.append(f"folder {work_folder(tag)}")
        for config, _ in self._configs():
            if bears_mark(config.notes, tag):
                found.append(f"note of {config.name}")
            found += [
                f"checkpoint {entry.name} of {config.name}" for entry in config.checkpoints if bears(entry.name, tag)
            ]
        return found

    def stray_files(self) -> list[str]:
        """Files in the drives that no registered VM needs, and no work record is."""
        needed = {path.lower() for config, config_path in self._configs() for path in self._needed(config, config_path)}
        works = work_folder("").lower()
        return [path for path in self._files() if path.lower() not in needed and not path.lower().startswith(works)]

    def real(self, path: str) -> Path:
        """The real file of a Windows path of this host."""
        return self.folder.drives.real(path)

    def _configs(self) -> list[tuple[VmConfig, str]]:
        paths = [fields["config_path"] for fields in read_json(self.folder.registry_file).values()]
        return [(read_config(self.real(path)), path) for path in paths]

    def _view(self, config: VmConfig, config_path: str) -> VmView:
        drives = self.folder.drives
        alive = any((host, uid) == (self.name, config.uid) for host, uid, _ in guests(self.folder.lab_root))
        layers = tuple(
            tuple(drives.windows(file) for file in reversed(known_files(drives.real(disk.path), drives)))
            for disk in config.disks
        )
        return VmView(
            uid=config.uid,
            name=config.name,
            state="running" if alive else "saved" if config.saved else "off",
            notes=config.notes,
            start_action=config.start_action,
            folder=config.folder,
            config_path=config_path,
            checkpoints=tuple(entry.name for entry in config.checkpoints),
            is_merging=bool(config.merges),
            networks=tuple(adapter.network_name for adapter in config.adapters),
            layers=layers,
        )

    def _needed(self, config: VmConfig, config_path: str) -> Iterator[str]:
        drives = self.folder.drives
        yield from config.dvd_paths
        for path in (config_path, *(entry.config_path for entry in config.checkpoints)):
            yield from (path, state_path(path))
        for disk in config.disks:
            yield from (drives.windows(file) for file in known_files(drives.real(disk.path), drives))

    def _files(self) -> list[str]:
        drives = [entry for entry in self.folder.root.iterdir() if entry.is_dir() and len(entry.name) == 1]
        return sorted(
            self.folder.drives.windows(Path(place) / name)
            for drive in drives
            for place, _, names in os.walk(drive)
            for name in names
        )
