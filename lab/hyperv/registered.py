"""A VM that is registered on a host: its configuration, its guest when it runs, and the state that follows."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from lab.hyperv.chain import known_files
from lab.hyperv.config import VmConfig, read_config, state_path, write_config
from lab.hyperv.guestprocess import GuestProcess
from lab.hyperv.layout import HostFolder


class RegisteredVm:
    """Change it only with `lock` held. `phase` is set while it is between two states."""

    def __init__(self, folder: HostFolder, config_path: str) -> None:
        self.lock = threading.RLock()
        self.config_path = config_path
        self.folder = folder
        self.config: VmConfig = read_config(self.config_file)
        self.guest: GuestProcess | None = None
        self.phase: str | None = None
        self.started_at = 0.0

    @property
    def config_file(self) -> Path:
        return self.folder.drives.real(self.config_path)

    @property
    def state_file(self) -> Path:
        return self.folder.drives.real(state_path(self.config_path))

    @property
    def state(self) -> str:
        """A value of types.VmState."""
        if self.phase:
            return self.phase
        if self.guest is not None and self.guest.is_alive():
            return "running"
        return "saved" if self.config.saved else "off"

    @property
    def uptime_s(self) -> int:
        return int(time.monotonic() - self.started_at) if self.state == "running" else 0

    def keep(self) -> None:
        """Write the configuration down."""
        write_config(self.config_file, self.config)

    def real_layers(self) -> tuple[str, ...]:
        """The written layers of all disks, as real paths."""
        return tuple(str(self.folder.drives.real(disk.path)) for disk in self.config.disks)

    def layer_paths(self) -> list[str]:
        """Windows paths of all layers of all disks; a broken chain gives what is left of it."""
        drives = self.folder.drives
        layers = [
            drives.windows(file) for disk in self.config.disks for file in known_files(drives.real(disk.path), drives)
        ]
        return layers + [path for checkpoint in self.config.checkpoints for path in checkpoint.layers.values()]
