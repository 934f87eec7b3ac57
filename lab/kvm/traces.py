"""What a job has left on a host, and what lies there that nobody needs: read from outside, not asked of the product."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from lab.kvm.host import Host
from lab.kvm.processes import command_line, processes

_OWN = ("var", "root", "tmp", "run", "etc/libvirt")
_SAVED = "/var/lib/libvirt/qemu/save"
_LOGS = "/var/log/"
_QEMU = "/usr/bin/qemu-system"


def traces(host: Host, tag: str) -> list[str]:
    """Everything on a host that bears the tag, a line each: files, definitions, snapshots, processes.

    Logs may name it, and so may a QEMU that was started on a layer which is merged by now. A host that is down is
    asked for its files only.
    """
    found = [f"file {path}" for path in _files(host) if tag in path and not path.startswith(_LOGS)]
    if host.is_up():
        found += _definitions(host, tag)
        lines = (" ".join(command_line(pid)) for pid in processes(host.namespace))
        found += [f"process {line[:120]}" for line in lines if tag in line and not line.startswith(_QEMU)]
    return [f"{host.name}: {line}" for line in found]


def stray_files(host: Host) -> list[str]:
    """Files in the host's VM folders that no VM defined there needs, and saved states. The host must be up."""
    needed = {path for vm in host.vms() for disk in host.disks(vm.name) for path in layers(host, disk)}
    there = [path for folder in host.entry.folders for path in _below(host, folder)]
    return [f"{host.name}: {path}" for path in (*there, *_below(host, _SAVED)) if path not in needed]


def layers(host: Host, disk: str) -> list[str]:
    """The file of a disk and those below it, the one that is written first. Also while the VM runs."""
    answer = host.run(["qemu-img", "info", "--force-share", "--backing-chain", "--output", "json", disk])
    return [layer["filename"] for layer in json.loads(answer)]


def _definitions(host: Host, tag: str) -> Iterator[str]:
    for vm in host.vms():
        texts = [host.virsh("dumpxml", vm.uuid)]
        if vm.is_persistent:
            texts.append(host.virsh("dumpxml", "--inactive", vm.uuid))
        if any(tag in text for text in texts):
            yield f"definition of {vm.name}"
        for snapshot in host.virsh("snapshot-list", "--name", vm.uuid).split():
            if tag in snapshot:
                yield f"snapshot {snapshot} of {vm.name}"


def _files(host: Host) -> Iterator[str]:
    for part in _OWN:
        yield from _below(host, part, with_folders=True)


def _below(host: Host, folder: str, *, with_folders: bool = False) -> list[str]:
    """Paths as the host has them."""
    root = host.real("/") if host.is_up() else host.folder.root
    found = []
    for place, folders, files in os.walk(root / folder.lstrip("/")):
        found += [Path(place, name) for name in (files + folders if with_folders else files)]
    return sorted(f"/{path.relative_to(root)}" for path in found)
