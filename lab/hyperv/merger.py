"""The background work of a host's storage: folds layers whose checkpoints were removed, one step at a time."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from lab.hyperv.chain import Chain, MergeStopped, chain_files
from lab.hyperv.checkpoints import finish_merge, is_folded, layer_above, settle_merges
from lab.hyperv.config import PendingMerge
from lab.hyperv.machine import Machine
from lab.hyperv.refusal import Refused
from lab.hyperv.registered import RegisteredVm

_STEP_S = 0.05

_log = logging.getLogger(__name__)


class Merger:
    """One thread per host. Merges of running VMs are done by their guests, of VMs that are off by this thread;
    those of a saved VM wait. `fold` takes disks that no VM owns any more, as Remove-VM leaves them."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._delay_s = machine.settings.merge_delay_s
        self._orphans: list[tuple[float, Path]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="merger", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def fold(self, top: str) -> None:
        """Fold all layers of this disk into its base, some time later."""
        self._orphans.append((time.time(), self._machine.folder.drives.real(top)))

    def _run(self) -> None:
        while not self._stop.wait(_STEP_S):
            for vm in self._machine.vms():
                self._try(vm)
            left = [(asked_at, self._fold(asked_at, top)) for asked_at, top in self._orphans]
            self._orphans = [(asked_at, top) for asked_at, top in left if top is not None]

    def _try(self, vm: RegisteredVm) -> None:
        """A reader in the way is no error: it is tried again at the next step."""
        if not vm.config.merges or not vm.lock.acquire(blocking=False):
            return
        try:
            settle_merges(vm)
            merge = next(iter(vm.config.merges), None)
            if merge is not None and time.time() >= merge.asked_at + self._delay_s:
                self._advance(vm, merge)
        except (Refused, MergeStopped, OSError) as error:
            _log.info("%s: merge of %s waits: %s", self._machine.folder.name, vm.config.name, error)
        finally:
            vm.lock.release()

    def _advance(self, vm: RegisteredVm, merge: PendingMerge) -> None:
        if vm.state == "running" and vm.guest is not None:
            if vm.guest.merge_state() == "merging":
                return
            if _is_due(vm, merge):
                disk = [slot.location for slot in vm.config.disks].index(merge.location)
                vm.guest.begin_merge(disk, str(vm.folder.drives.real(merge.parent)))
        elif vm.state == "off" and _is_due(vm, merge):
            top = vm.folder.drives.real(vm.config.disk(merge.location).path)
            self._merge_offline(top, vm.folder.drives.real(merge.parent))
            finish_merge(vm, merge)

    def _merge_offline(self, top: Path, parent: Path) -> None:
        chain = Chain.open(top, self._machine.folder.drives, writable=True)
        try:
            chain.merge_into(parent, self._stop)
        finally:
            chain.close()

    def _fold(self, asked_at: float, top: Path) -> Path | None:
        """The disk's top layer as far as it could be folded, None when nothing is left to do."""
        if time.time() < asked_at + self._delay_s:
            return top
        try:
            while len(files := chain_files(top, self._machine.folder.drives)) > 1:
                self._merge_offline(top, files[1])
                top = files[1]
        except MergeStopped:
            return top
        except Refused as refused:
            return top if refused.kind == "InUse" else None
        except OSError:
            return None  # somebody deleted the files meanwhile
        return None


def _is_due(vm: RegisteredVm, merge: PendingMerge) -> bool:
    """Whether there is something to fold; if not, the merge has ended and is noted.

    The child is written down before the first byte moves, so that a power loss in the middle can be understood.
    """
    if not is_folded(vm, merge):
        merge.child = layer_above(vm, merge)
    if merge.child is None or is_folded(vm, merge):
        finish_merge(vm, merge)
        return False
    vm.keep()
    return True
