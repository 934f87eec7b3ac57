"""Two or more hosts in memory that keep Hyper-V's rules, for tests of the engine that need no process and no wire."""

from __future__ import annotations

import hashlib
import ntpath
from collections.abc import Sequence
from dataclasses import replace

from hosts.providers.base import QuickMigrates
from hosts.providers.claims import Claim
from hosts.providers.errors import AlreadyExists, HostUnreachable, NotFound, WrongState
from hosts.providers.types import (
    Checkpoint,
    CopyOrder,
    Disk,
    DiskLayer,
    Endpoint,
    HashOrder,
    HostFacts,
    HostLoad,
    Network,
    Registration,
    RemoteFile,
    Secret,
    StateFile,
    Vm,
    VmState,
    Volume,
    Work,
    WorkState,
)
from tests.fakes.fence import changes
from tests.fakes.host import WORLD, FakeHost

__all__ = ["WORLD", "FakeHost", "FakeProvider"]

CHUNK = 4
_ENDED_BADLY = (WorkState.FAILED, WorkState.LOST)


class FakeProvider(QuickMigrates):
    """A connection to a FakeHost of the WORLD, by the endpoint's name."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._host = WORLD[endpoint.name]
        self._claim: Claim | None = None

    def claim(self, claim: Claim) -> None:
        self._claim = claim

    def close(self) -> None:
        pass

    def inspect(self) -> HostFacts:
        self._enter("inspect")
        host = self._host
        return HostFacts(
            computer_name=host.name,
            os_name="Windows Server 2025",
            os_version="10.0.26100",
            cpu_vendor="GenuineIntel",
            cpu_model="Xeon",
            cpu_count=8,
            memory_mb=8192,
            memory_available_mb=6144,
            supported_vm_versions=("10.0", "12.0"),
            default_vm_path="D:\\VMs",
            default_disk_path="D:\\VMs",
            is_clustered=False,
            max_migrations=2,
            volumes=(Volume("D:\\", "Data", 100 << 30, 50 << 30),),
            networks=(Network("net-1", "LAN", "External"),),
            vms=tuple(self._stamped(vm) for vm in host.vms.values()),
        )

    def sample(self) -> HostLoad:
        self._enter("sample")
        return HostLoad(10.0, 6144, 50.0, 1.0, ())

    def find_vm(self, uid: str) -> Vm | None:
        self._enter("find_vm")
        return self._vm(uid) if uid in self._host.vms else None

    @changes("mark")
    def mark(self, uid: str, tag: str, *, hold: bool) -> Vm:
        vm = self._vm(uid)
        if tag not in vm.notes:
            vm = replace(vm, notes=f"{vm.notes}\n{tag} start-action={vm.start_action}")
        self._put(replace(vm, start_action="Nothing") if hold else vm)
        return self._leave("mark", uid)

    @changes("unmark")
    def unmark(self, uid: str, tag: str) -> None:
        vm = self._host.vms.get(uid)
        if vm is not None and tag in vm.notes:
            notes = vm.notes.split("\n")[0]
            self._put(replace(vm, notes=notes, start_action="StartIfRunning", start_ordered_by=None))
        self._after("unmark")

    @changes("checkpoint")
    def checkpoint(self, uid: str, name: str) -> Vm:
        vm = self._vm(uid)
        if name not in [point.name for point in vm.checkpoints]:
            disks = tuple(self._grow(disk, name) for disk in vm.disks)
            self._put(replace(vm, disks=disks, checkpoints=(*vm.checkpoints, Checkpoint(name, name, None))))
        return self._leave("checkpoint", uid)

    @changes("save")
    def save(self, uid: str, tag: str) -> Vm:
        vm = self._vm(uid)
        if vm.state is VmState.RUNNING:
            path = ntpath.join(vm.folder, "Virtual Machines", f"{uid}.vmrs")
            self._host.files[path] = b"memory of " + vm.name.encode()
            states = (*vm.state_files, StateFile(path, len(self._host.files[path]), ""))
            self._put(replace(vm, state=VmState.SAVED, state_files=states, start_action="Nothing"))
        return self._leave("save", uid)

    @changes("start")
    def start(self, uid: str, tag: str) -> Vm:
        vm = self._vm(uid)
        if vm.state is not VmState.RUNNING:
            if any(other.vms[uid].state is VmState.RUNNING for other in WORLD.values() if uid in other.vms):
                raise AssertionError(f"{vm.name} would run twice")
            vm = replace(vm, state=VmState.RUNNING, state_files=vm.state_files[:1], start_ordered_by=tag)
        self._put(replace(vm, start_action="StartIfRunning"))
        return self._leave("start", uid)

    def share(self, path: str) -> RemoteFile:
        return RemoteFile(f"\\\\{self._host.name}\\{path}", "user", Secret("password"))

    @changes("start_works")
    def start_works(
        self, tag: str, orders: Sequence[CopyOrder | HashOrder], *, limit_bytes_per_s: int = 0
    ) -> Sequence[Work]:
        self._host.limits.append(limit_bytes_per_s)
        works, made = self._host.works[tag], self._host.made[tag]
        due = [each for each in orders if each.work_id not in works or works[each.work_id].state in _ENDED_BADLY]
        taken = {each.destination for each in due if isinstance(each, CopyOrder)} & self._host.files.keys() - {*made}
        if taken:
            raise AlreadyExists(self._host.name, f"{taken.pop()} exists.")
        for order in due:
            self._host.orders[order.work_id] = order
            works[order.work_id] = self._begun(order)
        self._after("start_works")
        return [works[order.work_id] for order in orders]

    def works(self, tag: str) -> Sequence[Work]:
        self._enter("works")
        for work in list(self._host.works[tag].values()):
            order = self._host.orders.get(work.work_id)
            if isinstance(order, CopyOrder) and work.state is WorkState.RUNNING:
                self._host.works[tag][work.work_id] = self._copy_some(tag, order, work)
        self._after("works")
        return list(self._host.works[tag].values())

    @changes("register")
    def register(self, registration: Registration) -> Vm:
        if registration.uid not in self._host.vms:
            self._put(self._imported(registration))
        return self._leave("register", registration.uid)

    @changes("merge")
    def merge_checkpoints(self, uid: str, tag: str) -> Vm:
        vm = self._vm(uid)
        if any(tag in point.name for point in vm.checkpoints):
            kept = tuple(point for point in vm.checkpoints if tag not in point.name)
            self._put(replace(vm, checkpoints=kept, disks=tuple(self._shrink(disk) for disk in vm.disks)))
        return self._leave("merge", uid)

    @changes("remove_vm")
    def remove_vm(self, uid: str, tag: str) -> None:
        vm = self._host.vms.get(uid)
        if vm is not None and tag in vm.notes:
            if vm.state is VmState.RUNNING:
                raise WrongState(self._host.name, f"{vm.name} runs.")
            del self._host.vms[uid]
        self._after("remove_vm")

    @changes("delete_files")
    def delete_files(self, paths: Sequence[str], tag: str) -> Sequence[str]:
        self._refuse_used(paths)
        held = self._host.held(paths)
        for path in set(paths).difference(held):
            self._host.files.pop(path, None)
        self._after("delete_files")
        return held

    @changes("clear_traces")
    def clear_traces(self, tag: str, *, destinations: Sequence[str] | None) -> None:
        if destinations is not None:
            self._refuse_used(self._host.made[tag])
            for path in self._host.made.pop(tag):
                self._host.files.pop(path, None)
        self._host.works.pop(tag, None)
        self._after("clear_traces")

    def _refuse_used(self, paths: Sequence[str]) -> None:
        if used := sorted(self._host.used_files().intersection(paths)):
            raise WrongState(self._host.name, f"A virtual machine registered here uses {used[0]}.")

    def _enter(self, verb: str) -> None:
        self._host.calls.append(verb)
        if self._host.is_down:
            raise HostUnreachable(self._host.name, "Nothing answers.")
        if wish := self._host.on_call.pop(verb, None):
            wish()
        self._fault(verb, "before")

    def _after(self, verb: str) -> None:
        for fault in [each for each in self._host.faults if each[0] == verb and each[2] == "down"]:
            self._host.faults.remove(fault)
            self._host.is_down = True
        self._fault(verb, "after")

    def _leave(self, verb: str, uid: str) -> Vm:
        self._after(verb)
        return self._vm(uid)

    def _fault(self, verb: str, when: str) -> None:
        for fault in self._host.faults:
            if fault[0] == verb and fault[2] == when:
                self._host.faults.remove(fault)
                raise fault[1]

    def _vm(self, uid: str) -> Vm:
        if uid not in self._host.vms:
            raise NotFound(self._host.name, f"No virtual machine {uid}.")
        return self._stamped(self._host.vms[uid])

    def _stamped(self, vm: Vm) -> Vm:
        """With the stamps and the sizes that the files have now."""
        files = self._host.files
        disks = tuple(replace(disk, layers=tuple(self._looked_at(each) for each in disk.layers)) for disk in vm.disks)
        states = tuple(replace(each, stamp=str(hash(files.get(each.path)))) for each in vm.state_files)
        return replace(vm, disks=disks, state_files=states)

    def _looked_at(self, layer: DiskLayer) -> DiskLayer:
        data = self._host.files.get(layer.path, b"")
        return replace(layer, stamp=str(hash(data)), file_size_bytes=len(data))

    def _put(self, vm: Vm) -> None:
        self._host.vms[vm.uid] = vm

    def _begun(self, order: CopyOrder | HashOrder) -> Work:
        if isinstance(order, CopyOrder):
            return Work(order.work_id, WorkState.RUNNING, 0, 0, None, None, None)
        digest = hashlib.sha256(self._host.files[order.path]).hexdigest()
        return Work(order.work_id, WorkState.DONE, 1, 1, digest, None, None)

    def _copy_some(self, tag: str, order: CopyOrder, work: Work) -> Work:
        data = WORLD[order.source.location.split("\\")[2]].files[order.source.location.split("\\", 3)[3]]
        done = min(len(data), work.bytes_done + max(CHUNK, len(data) // 3))
        self._host.made[tag].append(order.destination)
        self._host.files[order.destination] = data[:done]
        if done < len(data):
            return replace(work, bytes_done=done, bytes_total=len(data), bytes_sent=done)
        arrived = b"?" + data[1:] if self._host.corrupts else data
        self._host.files[order.destination] = arrived
        digest = hashlib.sha256(arrived).hexdigest()
        return replace(work, state=WorkState.DONE, bytes_done=done, bytes_total=done, digest=digest, bytes_sent=done)

    def _grow(self, disk: Disk, name: str) -> Disk:
        path = disk.layers[0].path.replace(".vhdx", f"_{len(disk.layers)}.avhdx")
        self._host.files[path] = f"written after {name}".encode()
        layer = DiskLayer(path, disk.layers[-1].path, len(self._host.files[path]), "")
        return replace(disk, layers=(*disk.layers, layer))

    def _shrink(self, disk: Disk) -> Disk:
        for layer in disk.layers[1:]:
            self._host.files[disk.layers[0].path] += self._host.files.pop(layer.path)
        size = len(self._host.files[disk.layers[0].path])
        return replace(disk, layers=(replace(disk.layers[0], file_size_bytes=size),))

    def _imported(self, order: Registration) -> Vm:
        source = next(host.vms[order.uid] for host in WORLD.values() if order.uid in host.vms)
        places = dict(pair for disk in order.disks for pair in disk.layers)
        missing = [path for path in places.values() if path not in self._host.files]
        if missing or order.config_path not in self._host.files:
            raise WrongState(self._host.name, f"{(missing or [order.config_path])[0]} is missing.")
        disks = tuple(
            replace(disk, layers=tuple(replace(layer, path=places[layer.path]) for layer in disk.layers))
            for disk in source.disks
        )
        adapters = tuple(replace(each, network_name=order.adapters[0].network_name) for each in source.adapters)
        states = tuple(
            replace(each, path=each.path.replace(source.folder, order.folder)) for each in source.state_files
        )
        return replace(
            source,
            folder=order.folder,
            config_path=order.config_path,
            disks=disks,
            adapters=adapters,
            state_files=states,
            start_ordered_by=None,
        )
