"""Two hosts and a VM that runs on the first: what the contract of providers needs, and how it waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from hosts.providers.base import QuickMigrates
from hosts.providers.types import (
    AdapterPlacement,
    CopyOrder,
    DiskPlacement,
    HashOrder,
    Registration,
    Vm,
    VmState,
    Work,
    WorkState,
)

TAG = "ferry-71"
OTHER_TAG = "ferry-72"
_WAIT_S = 30.0
_POLL_S = 0.05
_T = TypeVar("_T")


@dataclass(slots=True)
class Pair:
    """`target_path` gives the path on the target for a path of the VM on the source; `network` is one that both have.

    `write_target` makes a file on the target by other means than the provider, `has_target` looks for one;
    `kill_works` ends the processes of its works.
    """

    source: QuickMigrates
    target: QuickMigrates
    uid: str
    network: str
    target_path: Callable[[str], str]
    write_target: Callable[[str, bytes], None]
    has_target: Callable[[str], bool]
    has_source: Callable[[str], bool]
    kill_works: Callable[[], None]
    copied: list[str] = field(default_factory=list)

    def vm(self, host: QuickMigrates | None = None) -> Vm:
        """The VM as a host (the source) has it."""
        found = (host or self.source).find_vm(self.uid)
        assert found is not None
        return found

    def copy(self, path: str, work_id: str = "disk-0-0", limit_bytes_per_s: int = 0) -> Work:
        """Begin to pull a file of the source to its place on the target."""
        (work,) = self.target.start_works(TAG, [self.order(path, work_id)], limit_bytes_per_s=limit_bytes_per_s)
        return work

    def order(self, path: str, work_id: str = "disk-0-0") -> CopyOrder:
        return CopyOrder(work_id, self.source.share(path), self.target_path(path))

    def pull(self, path: str) -> Work:
        """Copy a file and wait until it is there."""
        self.copied.append(path)
        self.copy(path, f"file-{len(self.copied)}")
        return self.ended(self.target, f"file-{len(self.copied)}")

    def digest(self, host: QuickMigrates, path: str, work_id: str = "hash-disk-0-0") -> str | None:
        host.start_works(TAG, [HashOrder(work_id, path)])
        return self.ended(host, work_id).digest

    def work(self, host: QuickMigrates, work_id: str) -> Work:
        return next(work for work in host.works(TAG) if work.work_id == work_id)

    def ended(self, host: QuickMigrates, work_id: str) -> Work:
        """The work when it no longer runs."""
        return until(lambda: self.work(host, work_id), lambda work: work.state is not WorkState.RUNNING)

    def saved(self) -> Vm:
        """The VM, tagged and saved on the source."""
        self.source.mark(self.uid, TAG, hold=False)
        return self.source.save(self.uid, TAG)

    def freeze_and_copy(self) -> None:
        """Tag the VM, freeze its disks, save it and bring every file to the target."""
        self.source.mark(self.uid, TAG, hold=False)
        self.source.checkpoint(self.uid, f"{TAG}-1")
        saved = self.source.save(self.uid, TAG)
        for path in [layer.path for disk in saved.disks for layer in disk.layers]:
            assert self.pull(path).state is WorkState.DONE
        for file in saved.state_files:
            assert self.pull(file.path).state is WorkState.DONE

    def registration(self, network: str | None = None) -> Registration:
        """How the target takes the VM as it is on the source now."""
        vm = self.vm()
        name = network or self.network
        disks = [
            DiskPlacement(disk.location, tuple((layer.path, self.target_path(layer.path)) for layer in disk.layers))
            for disk in vm.disks
        ]
        return Registration(
            uid=vm.uid,
            tag=TAG,
            folder=self.target_path(vm.folder),
            config_path=self.target_path(vm.config_path),
            disks=tuple(disks),
            adapters=tuple(AdapterPlacement(adapter.adapter_id, name) for adapter in vm.adapters),
        )

    def merged(self, host: QuickMigrates) -> Vm:
        """The VM when its checkpoints of this tag are merged away."""
        return until(lambda: host.merge_checkpoints(self.uid, TAG), lambda vm: not vm.is_merging and not vm.checkpoints)

    def deleted(self, host: QuickMigrates, paths: list[str]) -> bool:
        """Delete files as soon as nobody holds them any more."""
        return until(lambda: host.delete_files(paths, TAG), lambda held: not held) == ()

    def running(self, host: QuickMigrates) -> bool:
        found = host.find_vm(self.uid)
        return found is not None and found.state is VmState.RUNNING


def until(read: Callable[[], _T], is_so: Callable[[_T], bool]) -> _T:
    """Read again and again until it is so; fails after half a minute with what was read last."""
    deadline = time.monotonic() + _WAIT_S
    while not is_so(value := read()):
        assert time.monotonic() < deadline, f"still {value!r}"
        time.sleep(_POLL_S)
    return value
