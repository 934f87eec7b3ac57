"""Builds the guest that every VM of the lab boots: Debian's kernel, and a ramdisk with one program of ours."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.kvm.commands import run
from lab.kvm.cpio import ramdisk
from lab.kvm.packages import Say, kernel_package, unpack

_SOURCES = Path(__file__).parent / "guest"
# In the order of loading: each after those it needs. One that the kernel has built in is left out.
_MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "failover",
    "net_failover",
    "virtio_net",
    "virtio_blk",
    "evdev",
    "button",
)
_COMPILE = ("gcc", "-O3", "-funroll-loops", "-static", "-pthread", "-Wall", "-Wextra", "-Wno-return-type", "-Werror")


class GuestImage:
    """The folder with `vmlinuz` and `initrd.img`, shared by all labs that are given it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.kernel = self.folder / "vmlinuz"
        self.ramdisk = self.folder / "initrd.img"
        self._packages = self.folder / "packages"
        self._stamp = self.folder / "built-from"

    def ensure(self, say: Say) -> None:
        """Build what is missing or older than its sources. Raises CommandFailed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if not self._packages.exists():
                self._fetch(say)
            if not self._stamp.exists() or self._stamp.read_text() != _sources_digest():
                say("Building the guest image.")
                self._build()
                self._stamp.write_text(_sources_digest())

    def _fetch(self, say: Say) -> None:
        kernel = kernel_package()
        say(f"Downloading {kernel} and busybox-static for the guests; they are not installed.")
        partial = self.folder / "packages.part"
        for package in (kernel, "busybox-static"):
            unpack(package, partial)
        partial.rename(self._packages)

    def _build(self) -> None:
        with tempfile.TemporaryDirectory(dir=self.folder) as made:
            root = Path(made)
            for name in ("bin", "proc", "sys", "modules"):
                (root / name).mkdir()
            run([*_COMPILE, "-o", root / "bin/guest", *sorted(_SOURCES.glob("*.c"))])
            shutil.copy(next(self._packages.glob("**/bin/busybox")), root / "bin/busybox")
            shutil.copy(_SOURCES / "init", root / "init")
            self._copy_modules(root / "modules")
            self.ramdisk.write_bytes(ramdisk(root))
        shutil.copy(next(self._packages.glob("boot/vmlinuz-*")), self.kernel)

    def _copy_modules(self, folder: Path) -> None:
        found = [path for name in _MODULES for path in self._packages.glob(f"**/kernel/**/{name}.ko")]
        for path in found:
            shutil.copy(path, folder)
        (folder / "order").write_text("".join(f"{path.name}\n" for path in found))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _sources_digest() -> str:
    digest = hashlib.sha256()
    for path in (Path(__file__), *sorted(_SOURCES.iterdir())):
        digest.update(path.read_bytes())
    return digest.hexdigest()
