"""The files that make a host itself: its /etc, its keys, and the folders that are its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from string import Template

from lab.kvm.commands import run
from lab.kvm.layout import HostEntry, HostFolder, LabFacts, LabFolder
from lab.kvm.spec import IMAGES

_TEMPLATES = Path(__file__).parent / "host"
_HOST_KEY = "etc/ssh/ssh_host_ed25519_key"
_FOLDERS = (
    "boot",
    "etc/libvirt/qemu",
    "etc/libvirt/storage/autostart",
    "etc/ssh",
    "root",
    "var/cache/libvirt",
    "var/lib/libvirt/boot",
    "var/lib/libvirt/images",
    "var/lib/libvirt/small",
    "var/log/libvirt/qemu",
)
_CAPABILITIES = "var/cache/libvirt/qemu/capabilities"
_EMPTY_AT_START = ("run", "tmp")  # as after a boot
_LINKS = {"var/run": "/run", "var/lock": "/run/lock"}


def make_key(path: Path, comment: str) -> None:
    """A new ed25519 key without a passphrase, with its public half beside it."""
    path.unlink(missing_ok=True)
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])


def make_host_key(folder: HostFolder) -> str:
    """The host's new public key, as known_hosts words it."""
    key = folder.root / _HOST_KEY
    key.parent.mkdir(parents=True, exist_ok=True)
    make_key(key, folder.name)
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


def make_small_volume(folder: HostFolder, size_mb: int) -> None:
    """A file system of that size; what is on it survives the host's fall."""
    folder.small_image.unlink(missing_ok=True)
    folder.root.mkdir(parents=True, exist_ok=True)
    with folder.small_image.open("wb") as file:
        file.truncate(size_mb * 1024 * 1024)
    run(["mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", folder.small_image])


def write_host_files(lab: LabFolder, facts: LabFacts, entry: HostEntry) -> None:
    """Everything but the host's keys and disks, which stay what they are. The host must be down."""
    root = lab.host(entry.name).root
    _make_folders(root)
    if not (root / _CAPABILITIES).exists() and _kept_capabilities(facts).exists():
        shutil.copytree(_kept_capabilities(facts), root / _CAPABILITIES)
    _write_etc(root / "etc", facts, entry)
    (root / "etc/ssh/authorized_keys").write_text(lab.public_key.read_text())


def keep_capabilities(folder: HostFolder, facts: LabFacts) -> None:
    """What libvirt found out about QEMU takes it seconds and is the same on every new host. It checks its age."""
    if not _kept_capabilities(facts).exists():
        partial = folder.root / "capabilities"
        shutil.copytree(folder.root / _CAPABILITIES, partial)
        partial.rename(_kept_capabilities(facts))


def _kept_capabilities(facts: LabFacts) -> Path:
    return Path(facts.image) / "capabilities"


def _make_folders(root: Path) -> None:
    for name in _EMPTY_AT_START:
        shutil.rmtree(root / name, ignore_errors=True)
    for name in (*_FOLDERS, *_EMPTY_AT_START, "run/lock", "run/sshd"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    for name, target in _LINKS.items():
        if not (root / name).is_symlink():
            (root / name).symlink_to(target)


def _write_etc(etc: Path, facts: LabFacts, entry: HostEntry) -> None:
    for name in ("libvirtd.conf", "qemu.conf"):
        text = Template((_TEMPLATES / name).read_text()).substitute(uuid=entry.uuid, address=entry.address)
        (etc / "libvirt" / name).write_text(text)
    shutil.copy(_TEMPLATES / "sshd_config", etc / "ssh/sshd_config")
    for name in ("passwd", "group", "shadow"):
        shutil.copy(_TEMPLATES / name, etc / name)
    for folder in entry.folders:
        _write_pool(etc / "libvirt/storage", folder)
    lines = [f"{host.address} {host.name.lower()} {host.name}\n" for host in facts.hosts]
    (etc / "hosts").write_text("127.0.0.1 localhost\n" + "".join(lines))


def _write_pool(storage: Path, folder: str) -> None:
    """A storage pool that starts with the host: without one, libvirt makes no disks for a VM that moves in live."""
    name = "default" if folder == IMAGES else Path(folder).name
    text = Template((_TEMPLATES / "pool.xml").read_text()).substitute(name=name, folder=folder)
    (storage / f"{name}.xml").write_text(text)
    link = storage / "autostart" / f"{name}.xml"
    if not link.is_symlink():
        link.symlink_to(f"/etc/libvirt/storage/{name}.xml")
