"""The Debian packages the lab needs: most are installed when they are missing, some are only unpacked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.kvm.commands import CommandFailed, run

# A command that tells whether the package is there, and the package.
_NEEDED = {
    "libvirtd": "libvirt-daemon",
    "virsh": "libvirt-clients",
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "gcc": "gcc",
    "ip": "iproute2",
    "unshare": "util-linux",
    "losetup": "mount",
    "mkfs.ext4": "e2fsprogs",
}
_NEEDED_FILES = {
    "/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so": "libvirt-daemon-driver-qemu",
    "/usr/lib/x86_64-linux-gnu/libc.a": "libc6-dev",
}
_FOLDERS = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
_POLICY = Path("/usr/sbin/policy-rc.d")
_APT_S = 900.0

Say = Callable[[str], None]


class NoPackage(CommandFailed):
    """A Debian package that the lab needs cannot be had here."""


def missing_packages() -> list[str]:
    """Those of the installed kind that this machine has not."""
    commands = [package for name, package in _NEEDED.items() if not any(Path(f, name).exists() for f in _FOLDERS)]
    return commands + [package for path, package in _NEEDED_FILES.items() if not Path(path).exists()]


def install_missing(say: Say) -> None:
    """No service of theirs is started. Raises NoPackage."""
    packages = missing_packages()
    if not packages:
        return
    say(f"Installing Debian packages: {' '.join(packages)}.")
    with _no_services():
        _apt("update", "-q")
        _apt("install", "-qy", "--no-install-recommends", *packages)


def kernel_package() -> str:
    """The newest kernel for virtual machines that this Debian has. Raises NoPackage."""
    words = run(["apt-cache", "depends", "linux-image-cloud-amd64"])
    found = re.search(r"Depends: (linux-image-\S+-cloud-amd64)", words)
    if found is None:
        raise NoPackage("apt knows no package linux-image-cloud-amd64; apt-get update may help.")
    return found[1]


def unpack(package: str, folder: Path) -> None:
    """Download the package and unpack it into the folder; it is not installed. Raises NoPackage."""
    folder.mkdir(parents=True, exist_ok=True)
    _apt("download", "-q", package, cwd=folder)
    downloaded = next(folder.glob(f"{package}_*.deb"))
    run(["dpkg-deb", "-x", downloaded, folder])
    downloaded.unlink()


def _apt(*words: str, cwd: Path | None = None) -> None:
    settings = ["DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"]
    try:
        run(["env", *settings, "apt-get", *words], cwd=cwd, timeout_s=_APT_S)
    except CommandFailed as failure:
        raise NoPackage(str(failure)) from failure


@contextmanager
def _no_services() -> Iterator[None]:
    """Debian starts what it installs unless this file says no: the lab wants no sshd on the machine itself."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()
