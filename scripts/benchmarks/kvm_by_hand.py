"""What a user of libvirt does without Ferry: save, scp and restore by hand, virsh migrate, qemu-img convert."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.kvm.control import Lab
from lab.kvm.host import Host

_STATE = "/var/lib/libvirt/qemu/save/by-hand.save"
_KEY = "/root/by-hand-key"
_NBD_PORT = 10809
_RAW_PORT = 10810
_COMMAND_S = 600.0
_RAW_MB = 256
# The file of a running VM may grow until it is opened.
_GROWTH_BYTES = 64 << 20

_SEND = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as link:
    block = bytes(1 << 20)
    for _ in range(int(sys.argv[3])):
        link.sendall(block)
    link.shutdown(socket.SHUT_WR)
    link.recv(1)
"""
_TAKE = """
import socket, sys
with socket.create_server(("", int(sys.argv[1]))) as door:
    print("ready", flush=True)
    link, _ = door.accept()
    while link.recv(1 << 20):
        pass
    link.close()
"""


def save_copy_restore(source: Host, target: Host, vm: str) -> int:
    """Returns the bytes of the saved state."""
    xml, disks = source.virsh("dumpxml", "--migratable", vm), source.disks(vm)
    source.virsh("save", vm, _STATE)
    state_bytes = source.real(_STATE).stat().st_size
    _scp(source, target, [*disks, _STATE])
    target.define(xml)
    target.virsh("restore", _STATE)
    source.virsh("undefine", vm)
    for host, files in ((source, [*disks, _STATE]), (target, [_STATE])):
        for file in files:
            host.real(file).unlink()
    return state_bytes


def migrate_live(source: Host, target: Host, vm: str) -> None:
    """virsh migrate with its storage; the empty disk has to be made on the target first."""
    disks = source.disks(vm)
    for disk in disks:
        size = source.run(["qemu-img", "info", "-U", "--output=json", disk]).split('"virtual-size": ')[1].split(",")[0]
        target.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, size])
    words = ("migrate", "--live", "--copy-storage-all", "--persistent", "--undefinesource", vm)
    source.run(
        ["virsh", "-q", "-c", "qemu:///system", *words, f"qemu+tcp://{target.address}/system"], timeout_s=_COMMAND_S
    )
    for disk in disks:
        source.real(disk).unlink()


def convert_rate(source: Host, target: Host, disk: str) -> float:
    """Bytes per second of qemu-img convert of the disk's file to an NBD server on the target."""
    size = source.real(disk).stat().st_blocks * 512
    copy = f"{disk}.converted"
    room = source.real(disk).stat().st_size + _GROWTH_BYTES
    target.run(["qemu-img", "create", "-q", "-f", "raw", copy, str(room)])
    with _beside(target, ["qemu-nbd", "--format=raw", f"--port={_NBD_PORT}", copy]):
        url = f"nbd://{target.address}:{_NBD_PORT}"
        began = time.monotonic()
        source.run(["qemu-img", "convert", "-U", "-n", "-f", "raw", "-O", "raw", disk, url], timeout_s=_COMMAND_S)
        rate = size / (time.monotonic() - began)
    target.real(copy).unlink()
    return rate


def raw_rate(source: Host, target: Host) -> float:
    """Bytes per second of one TCP connection that carries zeros."""
    with _beside(target, ["python3", "-c", _TAKE, str(_RAW_PORT)]):
        began = time.monotonic()
        source.run(["python3", "-c", _SEND, target.address, str(_RAW_PORT), str(_RAW_MB)], timeout_s=_COMMAND_S)
        return (_RAW_MB << 20) / (time.monotonic() - began)


def let_hosts_copy(lab: Lab) -> None:
    """Give every host the key with which the others let it in, as an administrator does once."""
    for host in lab.hosts():
        key = host.real(_KEY)
        shutil.copy(Path(host.entry.private_key), key)
        key.chmod(0o600)


def _scp(source: Host, target: Host, files: list[str]) -> None:
    options = ["-q", "-i", _KEY, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    for file in files:
        source.run(["scp", *options, file, f"root@{target.address}:{file}"], timeout_s=_COMMAND_S)


@contextmanager
def _beside(host: Host, command: list[str]) -> Iterator[None]:
    """A server on the host while the block runs."""
    with host.begin(command) as process:
        time.sleep(1.0)
        try:
            yield
        finally:
            process.terminate()
            process.wait()
