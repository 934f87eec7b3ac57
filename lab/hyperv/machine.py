"""An emulated host without its network: the VMs it has, what they may use, and what happens at power on and off."""

from __future__ import annotations

import logging
import threading
from pathlib import PureWindowsPath

from lab.hyperv.children import Children
from lab.hyperv.layout import HostFolder
from lab.hyperv.refusal import Refused
from lab.hyperv.registered import RegisteredVm
from lab.hyperv.registry import Registry
from lab.hyperv.volumes import Volumes

HOST_OWN_MEMORY_MB = 128

_log = logging.getLogger(__name__)


class Machine:
    """`memory_lock` is held while a VM claims memory, so that two starts cannot both take the last of it."""

    def __init__(self, folder: HostFolder) -> None:
        self.folder = folder
        self.settings = folder.settings()
        self.registry = Registry(folder.registry_file)
        self.volumes = Volumes(folder, self.settings)
        self.children = Children(folder.root / "children.log")
        self.memory_lock = threading.Lock()
        self._lock = threading.Lock()
        self._vms: dict[str, RegisteredVm] = {}
        for uid, entry in self.registry.entries().items():
            self._load(uid, entry.config_path)

    def vms(self) -> list[RegisteredVm]:
        with self._lock:
            return list(self._vms.values())

    def find(self, uid: str) -> RegisteredVm | None:
        with self._lock:
            return self._vms.get(uid.lower())

    def get(self, uid: str) -> RegisteredVm:
        """Raises Refused NotFound."""
        vm = self.find(uid)
        if vm is None:
            raise Refused(
                "NotFound",
                f"Hyper-V was unable to find a virtual machine with id {uid} on {self.folder.name}.",
                "ObjectNotFound",
            )
        return vm

    def add(self, vm: RegisteredVm) -> None:
        """Raises Refused AlreadyExists: an id is registered only once on a host."""
        uid = vm.config.uid.lower()
        with self._lock:
            if uid in self._vms:
                raise Refused(
                    "AlreadyExists",
                    f"A virtual machine with id {uid} is already registered on {self.folder.name}.",
                    "ResourceExists",
                )
            self._vms[uid] = vm
            self.registry.add(uid, vm.config_path)

    def drop(self, vm: RegisteredVm) -> None:
        uid = vm.config.uid.lower()
        with self._lock:
            self._vms.pop(uid, None)
            self.registry.remove(uid)

    def free_memory_mb(self) -> int:
        used = sum(vm.config.memory_mb for vm in self.vms() if vm.state in ("running", "starting", "saving"))
        return self.settings.memory_mb - HOST_OWN_MEMORY_MB - used

    def uses(self, path: str) -> RegisteredVm | None:
        """The VM registered here that needs the file at this Windows path."""
        wanted = PureWindowsPath(path)
        return next((vm for vm in self.vms() if wanted in _files_of(vm)), None)

    def _load(self, uid: str, config_path: str) -> None:
        try:
            self._vms[uid] = RegisteredVm(self.folder, config_path)
        except Refused as refused:
            _log.error("%s: virtual machine %s cannot be loaded: %s", self.folder.name, uid, refused)


def _files_of(vm: RegisteredVm) -> set[PureWindowsPath]:
    files = {PureWindowsPath(vm.config_path), PureWindowsPath(vm.config_path).with_suffix(".vmrs")}
    for layer in vm.layer_paths():
        files.add(PureWindowsPath(layer))
    for checkpoint in vm.config.checkpoints:
        files |= {PureWindowsPath(checkpoint.config_path), PureWindowsPath(checkpoint.config_path).with_suffix(".vmrs")}
    return files
