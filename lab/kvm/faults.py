"""Faults made really: a slow link, a missing bridge, a full disk, an older emulator, a daemon that dies."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from xml.etree import ElementTree

from lab.kvm.commands import run, wait_until
from lab.kvm.create import LabRefused
from lab.kvm.host import Host
from lab.kvm.network import MANAGEMENT, join_bridge, make_bridge, port_name, uplink
from lab.kvm.processes import kill

_BURST_BYTES = 256 * 1024
_QUEUE_MS = 50
_FILLING = "filling-of-the-lab"
_LIBVIRTD = "/usr/sbin/libvirtd"
_LIBVIRTD_S = 30.0
_EMULATOR = "/usr/bin/qemu-system-x86_64"
_REAL_EMULATOR = "/usr/bin/qemu-system-x86_64-microvm"  # of the same package, and nothing of the lab needs it
_OLDER_EMULATOR = Path(__file__).parent / "host/older-emulator.sh"
_CAPABILITIES = "/var/cache/libvirt/qemu/capabilities"


def limit_link(host: Host, mbit_per_s: int) -> None:
    """Both directions of the host's own link, on which hosts and console talk and disks are copied.

    The guests' network has links of its own and stays as fast as it is.
    """
    shape = ["tbf", "rate", f"{mbit_per_s}mbit", "burst", str(_BURST_BYTES), "latency", f"{_QUEUE_MS}ms"]
    for namespace, device in _ends(host):
        run(["tc", "-n", namespace, "qdisc", "replace", "dev", device, "root", *shape])


def free_link(host: Host) -> None:
    """Raises CommandFailed when the link was not limited."""
    for namespace, device in _ends(host):
        run(["tc", "-n", namespace, "qdisc", "del", "dev", device, "root"])


def remove_bridge(host: Host, bridge: str) -> None:
    """VMs that run on it are cut off."""
    run(["ip", "-n", host.namespace, "link", "del", bridge])


def restore_bridge(host: Host, bridge: str) -> None:
    """VMs that were cut off stay so until they are started again."""
    make_bridge(host.namespace, bridge)
    join_bridge(host.namespace, uplink(bridge), bridge)


def fill(host: Host, folder: str, leave_mb: int) -> None:
    """Leave only so much free. Raises LabRefused where that would fill this machine's own disk."""
    place = host.real(folder)
    if place.stat().st_dev == host.real("/var").stat().st_dev:
        raise LabRefused(f"{folder} of {host.name} lies on this machine's own disk, which the lab does not fill.")
    room = os.statvfs(place)
    with (place / _FILLING).open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, room.f_bavail * room.f_frsize - leave_mb * 1024 * 1024))


def empty(host: Host, folder: str) -> None:
    """Take away what `fill` has put there."""
    (host.real(folder) / _FILLING).unlink()


def restart_libvirtd(host: Host) -> None:
    """Killed, it is started again as by systemd; VMs go on. Returns when it answers again."""
    kill(host.namespace, _LIBVIRTD)
    wait_until(host.has_libvirt, f"libvirtd of {host.name} does not come back.", _LIBVIRTD_S)


def refuse_cpu_model(host: Host, model: str) -> None:
    """Make the host one whose QEMU does not know the CPU model, in what it says and in what it does.

    A script stands in front of QEMU that refuses the model with QEMU's own words, and libvirt's record of what this
    QEMU can do lacks the model. VMs that run go on.
    """
    host.real("/run/refused-cpu-model").write_text(model)
    shutil.copy(_OLDER_EMULATOR, host.real("/run/older-emulator"))
    host.run(["mount", "--bind", _EMULATOR, _REAL_EMULATOR])
    host.run(["mount", "--bind", "/run/older-emulator", _EMULATOR])
    host.virsh("domcapabilities")  # libvirt sees another emulator and asks it what it can do
    for record in host.real(_CAPABILITIES).glob("*.xml"):
        _strike_model(record, model)
    restart_libvirtd(host)


def accept_cpu_models(host: Host) -> None:
    """The host's own QEMU again."""
    host.run(["umount", _EMULATOR])
    host.run(["umount", _REAL_EMULATOR])
    restart_libvirtd(host)


def _ends(host: Host) -> list[tuple[str, str]]:
    """The namespace and the device of both ends of a host's link."""
    return [(host.namespace, MANAGEMENT), (host.switch, port_name(host.name, MANAGEMENT))]


def _strike_model(record: Path, model: str) -> None:
    tree = ElementTree.parse(record)  # noqa: S314
    for known in tree.findall(f".//cpu[@name='{model}']"):
        tree.getroot().remove(known)
    tree.write(record)
