"""Connections to the hosts of a KVM lab, as the product has them, and what a test does behind their backs."""

from __future__ import annotations

import json
import posixpath
from dataclasses import replace
from pathlib import Path

from hosts.providers.claims import Claim
from hosts.providers.libvirt.provider import LibvirtProvider
from hosts.providers.types import Endpoint, Registration, Secret, Transport, Vm, WorkState
from lab.kvm.control import Lab
from lab.kvm.guest import await_answer
from lab.kvm.host import Host
from lab.kvm.spec import IMAGES, SMALL, DiskSpec, VmSpec
from tests.providers.contract_fence import JOB
from tests.providers.pair import TAG, Pair

MOVED = "/var/lib/libvirt/moved"
WORKS = "/var/lib/ferry"
SAVED = "/var/lib/libvirt/qemu/save"


def endpoint(lab: Lab, name: str) -> Endpoint:
    host = lab.host(name).entry
    key = Secret(Path(host.private_key).read_text(encoding="ascii"))
    return Endpoint(name, host.address, host.ssh_port, Transport.LIBVIRT_SSH, host.user, key, host_key=host.host_key)


def mover(lab: Lab, name: str, fence: int = 1, job: str = JOB) -> LibvirtProvider:
    made = LibvirtProvider(endpoint(lab, name))
    made.claim(Claim(job, fence))
    return made


def pair_of(lab: Lab, here: LibvirtProvider, there: LibvirtProvider, uid: str) -> Pair:
    """From KVM01 to another folder of KVM02."""
    source, target = lab.host("KVM01"), lab.host("KVM02")
    return Pair(
        source=here,
        target=there,
        uid=uid,
        network="br0",
        target_path=lambda path: posixpath.join(MOVED, posixpath.basename(path)),
        write_target=lambda path, content: write(target, path, content),
        has_target=lambda path: target.real(path).exists(),
        has_source=lambda path: source.real(path).exists(),
        kill_works=lambda: kill_works(target),
    )


def write(host: Host, path: str, content: bytes) -> None:
    file = host.real(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def kill_works(host: Host) -> None:
    """The processes of every work on the host."""
    for record in host.real(WORKS).glob("ferry-*/*.json"):
        process = json.loads(record.read_text(encoding="utf-8"))["process_id"]
        host.run(["sh", "-c", f"kill -9 {process} 2>/dev/null || true"])


class Pristine:
    """A VM of two disks that is made once, and for each test runs on KVM01 as it was when it had begun to write."""

    def __init__(self, lab: Lab, name: str) -> None:
        disk = DiskSpec(size_mb=16, payload_mb=4, ring_mb=4)
        self.vm = lab.add_vm("KVM01", VmSpec(name, disks=(disk, disk), memory_mb=96, checked_mb=8))
        self._hosts = lab.hosts()
        self._kept = f"{IMAGES}/kept"
        self._xml = self._hosts[0].virsh("dumpxml", "--inactive", name)
        await_answer(self.vm)
        self._sh(
            self._hosts[0],
            f"mkdir {self._kept}; virsh save {name} {self._kept}/state; cp {IMAGES}/{name}* {self._kept}",
        )
        self.clear()

    def start(self) -> None:
        name, kept = self.vm.name, self._kept
        self._hosts[0].define(self._xml)
        self._sh(self._hosts[0], f"cp {kept}/{name}* {IMAGES}; virsh autostart {name}; virsh restore {kept}/state")

    def clear(self) -> None:
        """Of the VM and of all jobs nothing is left on either host."""
        name = self.vm.name
        for host in self._hosts:
            self._sh(
                host,
                f"virsh destroy {name}; rm -rf {SAVED}/{name}.save {MOVED} {WORKS} {IMAGES}/{name}* {SMALL}/{name}*",
            )
            self._sh(host, f"virsh undefine {name} --managed-save || virsh undefine {name}; true")

    def forget(self) -> None:
        self._sh(self._hosts[0], f"rm -r {self._kept}")

    def _sh(self, host: Host, command: str) -> None:
        host.run(["sh", "-c", f"({command}) >/dev/null 2>&1"])


def overlays(vm: Vm) -> list[str]:
    """The files of the VM's checkpoints."""
    return [layer.path for disk in vm.disks for layer in disk.layers[1:]]


def copied(pair: Pair) -> Registration:
    """Bring every file of the VM, which stands still, to the target; how it is to be registered there."""
    vm = pair.vm()
    paths = [layer.path for disk in vm.disks for layer in disk.layers] + [file.path for file in vm.state_files]
    orders = [pair.order(path, f"file-{number}") for number, path in enumerate(paths)]
    pair.target.start_works(TAG, orders)
    for order in orders:
        assert pair.ended(pair.target, order.work_id).state is WorkState.DONE
    return pair.registration()


def carry_over(pair: Pair) -> Vm:
    """Mark the VM, which stands still, bring it to the target and register it there; as the source had it."""
    pair.source.mark(pair.uid, TAG, hold=True)
    vm = pair.vm()
    assert pair.target.register(copied(pair)).state is vm.state
    return vm


def live(pair: Pair, side: str = "source") -> LibvirtProvider:
    host = pair.target if side == "target" else pair.source
    assert isinstance(host, LibvirtProvider)
    return host


def send(pair: Pair, order: Registration) -> Vm:
    return live(pair).send_state(order, live(pair, "target"))


def send_anew(root: Path, order: Registration) -> None:
    """As another worker, in a process of its own."""
    lab = Lab.open(root)
    with mover(lab, "KVM01", fence=2) as here, mover(lab, "KVM02", fence=2) as there:
        here.send_state(order, there)


def flattened(pair: Pair) -> Registration:
    """Every disk becomes one file on the target."""
    order, vm = pair.registration(), pair.vm()
    places = {disk.location: pair.target_path(disk.layers[0].path) for disk in vm.disks}
    disks = tuple(replace(each, layers=((each.layers[-1][0], places[each.location]),)) for each in order.disks)
    return replace(order, disks=disks)
