"""Proves that a VM came through: the same life, no lost record, no flipped bit, in exactly one place."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from lab.kvm import traces as on_host
from lab.kvm.control import Lab
from lab.kvm.disks import disk_findings, payload_sha256, ring_slots
from lab.kvm.guest import DiskCheck, GuestAnswer, GuestSilent, await_answer, check
from lab.kvm.host import Host
from lab.kvm.layout import VmEntry
from lab.proof import Findings, Proof

# How long a guest was away is the prober's matter; a busy machine may keep one from answering for seconds.
_ANSWERS_WITHIN_S = 30.0
_PANIC = re.compile(rb"Kernel panic - not syncing: [\w ]{3,80}")


def prove(lab: Lab, name: str, before: GuestAnswer) -> Proof:
    """Whether the running VM is the one that gave `before`, with every byte, in exactly one place."""
    vm, findings = lab.guest(name), Findings()
    _check_place(lab, vm, findings, is_running=True)
    try:
        _check_life(before, await_answer(vm, _ANSWERS_WITHIN_S), findings)
        _check_whole(vm, findings)
    except GuestSilent as silence:
        findings.bad.append(f"{silence}")
        findings.bad += [f"{where}: {_seen_by_qemu(lab.host(where), vm)}" for where in lab.running(vm.uuid)]
    return findings.proof(name)


def prove_off(lab: Lab, name: str, records: tuple[int, ...]) -> Proof:
    """Whether the VM is off, in exactly one place, and its disks hold everything up to these records.

    The disks are read without the guest. `records`: as its last answer had them, zeros for one that never ran.
    """
    vm, findings = lab.guest(name), Findings()
    _check_place(lab, vm, findings, is_running=False)
    for host in lab.hosts():
        if host.is_up() and host.has_vm(vm.uuid):
            wrong = read_disks(host, vm, records)
            findings.add(not wrong, f"The disk files on {host.name} are whole.", " ".join(wrong))
    return findings.proof(name)


def read_disks(host: Host, vm: VmEntry, records: tuple[int, ...]) -> list[str]:
    """What is wrong with the disks of a VM that does not run on the host where they are."""
    findings = []
    with tempfile.TemporaryDirectory(dir=host.real("/tmp")) as folder:  # noqa: S108
        for index, path in enumerate(host.disks(vm.uuid)):
            raw = Path(folder) / "raw"
            inside = f"/tmp/{Path(folder).name}/raw"  # noqa: S108
            host.run(["qemu-img", "convert", "-O", "raw", path, inside])
            findings += disk_findings(raw, vm.uuid, index, vm.spec.disks[index], records[index])
    return findings


def traces(lab: Lab, tag: str) -> list[str]:
    """Everything anywhere in the lab that bears the tag, a line each. Must be empty after a job."""
    return [line for host in lab.hosts() for line in on_host.traces(host, tag)]


def stray_files(lab: Lab) -> list[str]:
    """Files of VMs that no VM needs, on the hosts that are up."""
    return [line for host in lab.hosts() if host.is_up() for line in on_host.stray_files(host)]


def _check_place(lab: Lab, vm: VmEntry, findings: Findings, *, is_running: bool) -> None:
    """By what the kernel knows of QEMU processes and by what each libvirt has defined."""
    runs, known = lab.running(vm.uuid), lab.registered(vm.uuid)
    wanted = 1 if is_running else 0
    findings.add(
        len(runs) == wanted,
        f"{vm.name} runs on {runs[0]} and nowhere else." if runs else f"{vm.name} runs nowhere.",
        f"{vm.name} runs on {len(runs)} hosts: {', '.join(runs) or 'none'}.",
    )
    findings.add(
        len(known) == 1,
        f"Only {known[0]} knows it." if known else "",
        f"{vm.name} is known to {len(known)} hosts: {', '.join(known) or 'none'}.",
    )


def _seen_by_qemu(host: Host, vm: VmEntry) -> str:
    """How a VM whose guest is silent looks from outside, for whoever searches the reason."""
    state = host.virsh("domstate", "--reason", vm.uuid).strip()
    with tempfile.TemporaryDirectory(dir=host.real("/tmp")) as folder:  # noqa: S108
        inside = f"/tmp/{Path(folder).name}/memory"  # noqa: S108
        order = f'pmemsave 0 {vm.spec.memory_mb << 20} "{inside}"'
        host.virsh("qemu-monitor-command", "--hmp", vm.uuid, order)
        panic = _PANIC.search((Path(folder) / "memory").read_bytes())
    return f"{state}; {panic[0].decode() if panic else 'no panic of its kernel is in its memory.'}"


def _check_life(before: GuestAnswer, now: GuestAnswer, findings: Findings) -> None:
    findings.add(
        now.boot_id == before.boot_id,
        f"{now.vm} has not booted since: its boot id is still {now.boot_id[:8]}.",
        f"{now.vm} has booted: its boot id was {before.boot_id[:8]} and is {now.boot_id[:8]}.",
    )
    sentence = f"The counter of {now.vm} was {before.counter} and is {now.counter}."
    findings.add(now.counter >= before.counter, sentence, sentence)
    sentence = f"The last durable records were {before.records} and are {now.records}."
    is_more = len(now.records) == len(before.records)
    findings.add(
        is_more and all(b >= a for a, b in zip(before.records, now.records, strict=is_more)), sentence, sentence
    )
    findings.add(now.io_errors == 0, "No write has failed.", f"{now.io_errors} writes of {now.vm} have failed.")


def _check_whole(vm: VmEntry, findings: Findings) -> None:
    found = check(vm)
    findings.add(
        found.memory_bad == 0 and found.memory_pages == vm.spec.checked_mb * 256,
        f"All {found.memory_pages} pages of memory hold what was written to them.",
        f"{found.memory_bad} of {found.memory_pages} pages of memory are wrong.",
    )
    if len(found.disks) != len(vm.spec.disks):
        findings.bad.append(f"{vm.name} sees {len(found.disks)} of its {len(vm.spec.disks)} disks.")
    for index, disk in enumerate(found.disks):
        _check_disk(vm, index, disk, findings)


def _check_disk(vm: VmEntry, index: int, disk: DiskCheck, findings: Findings) -> None:
    spec = vm.spec.disks[index]
    findings.add(
        disk.good == min(disk.last, ring_slots(spec)) and disk.bad == disk.stale == 0,
        f"Disk {index} holds its {disk.good} newest records, up to number {disk.last}.",
        f"Disk {index}: {disk.good} records are whole, {disk.bad} damaged, {disk.stale} stale; last {disk.last}.",
    )
    findings.add(
        disk.payload_sha256 == payload_sha256(vm.uuid, index, spec),
        f"The payload of disk {index} has the digest it was made with.",
        f"The payload of disk {index} is not what it was made of.",
    )
