"""What a lab of KVM hosts is made of: hosts, their bridges and volumes, VMs and their disks. Tests make their own."""

from __future__ import annotations

from dataclasses import dataclass

IMAGES = "/var/lib/libvirt/images"
SMALL = "/var/lib/libvirt/small"
LAN = "br0"
DMZ = "br-dmz"


@dataclass(frozen=True, slots=True)
class DiskSpec:
    """A qcow2 disk in `folder`: a payload that never changes, a ring of records, the rest empty."""

    size_mb: int = 64
    payload_mb: int = 16
    ring_mb: int = 16
    folder: str = IMAGES


@dataclass(frozen=True, slots=True)
class VmSpec:
    """`write_mb_per_s` of records go to each disk, `dirty_mb_per_s` of `checked_mb` are rewritten in memory."""

    name: str
    disks: tuple[DiskSpec, ...] = (DiskSpec(),)
    memory_mb: int = 128
    checked_mb: int = 32
    write_mb_per_s: float = 0.5
    dirty_mb_per_s: float = 1.0
    networks: tuple[str, ...] = (LAN,)
    is_running: bool = True
    is_autostarted: bool = True
    cpu_model: str = "qemu64"


@dataclass(frozen=True, slots=True)
class HostSpec:
    """`small_mb`: with it, the host has a file system of that size at SMALL beside its images."""

    name: str
    bridges: tuple[str, ...] = (LAN,)
    small_mb: int = 0
    vms: tuple[VmSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class LabSpec:
    hosts: tuple[HostSpec, ...]


def default_spec(host_count: int = 3) -> LabSpec:
    """Two or three hosts with three VMs: one disk, two disks, and one that is off."""
    mail, shop = VmSpec("MAIL01"), VmSpec("SHOP01", disks=(DiskSpec(), DiskSpec()))
    old = VmSpec("OLD01", is_running=False, is_autostarted=False)
    first = HostSpec("KVM01", bridges=(LAN, DMZ), vms=(mail,))
    if host_count == 2:
        return LabSpec((first, HostSpec("KVM02", bridges=(LAN, DMZ), vms=(shop, old))))
    second = HostSpec("KVM02", bridges=(LAN, DMZ), vms=(shop,))
    return LabSpec((first, second, HostSpec("KVM03", small_mb=512, vms=(old,))))
