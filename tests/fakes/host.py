"""A host in memory: its files and VMs, the faults that were ordered, and what happens when its power fails."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from hosts.providers.errors import HostUnreachable, ProviderError
from hosts.providers.types import CopyOrder, HashOrder, Registration, Vm, VmState, Work


@dataclass
class FakeHost:
    """A host: files by path, VMs by id, work by tag, and the faults that were ordered.

    `holds`: how many more times a file, by its path, is found in use when it is to be deleted. `limits`: what each call
    that began works said of the bandwidth. `fences`: the highest number of a call that was let through, by job;
    `waited_s`: how long the callers of late calls were ready to wait for them. `live_moves`: by VM, what was ordered,
    where to, and how many thirds of it are done; each look finds `live_speed` more.
    """

    name: str
    files: dict[str, bytes] = field(default_factory=dict)
    vms: dict[str, Vm] = field(default_factory=dict)
    works: dict[str, dict[str, Work]] = field(default_factory=lambda: defaultdict(dict))
    made: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    orders: dict[str, CopyOrder | HashOrder] = field(default_factory=dict)
    limits: list[int] = field(default_factory=list)
    faults: list[tuple[str, BaseException, str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    on_call: dict[str, Callable[[], None]] = field(default_factory=dict)
    holds: Counter[str] = field(default_factory=Counter)
    fences: dict[str, int] = field(default_factory=dict)
    late_verbs: list[str] = field(default_factory=list)
    late_calls: list[Callable[[], object]] = field(default_factory=list)
    waited_s: list[float] = field(default_factory=list)
    live_speed: int = 1
    live_moves: dict[str, tuple[Registration, str, int]] = field(default_factory=dict)
    is_down: bool = False
    corrupts: bool = False

    def fail(self, verb: str, error: BaseException | None = None, *, when: str = "before", times: int = 1) -> None:
        """The next `times` calls of the verb fail, before or after they have acted."""
        self.faults += [(verb, error or HostUnreachable(self.name, "The connection dropped."), when)] * times

    def dies_after(self, verb: str) -> None:
        """The host does the verb, and answers nothing from then on."""
        self.fail(verb, when="after")
        self.faults.append((verb, HostUnreachable(self.name, "Nothing answers."), "down"))

    def late(self, verb: str) -> None:
        """The next call of the verb hangs on the host until its caller gives it up; it is carried out later."""
        self.late_verbs.append(verb)

    def keep_late(self, act: Callable[[], object], waited_s: float) -> None:
        self.late_calls.append(act)
        self.waited_s.append(waited_s)

    def let_late_calls_act(self) -> list[str]:
        """What hung is carried out now; what came of each: "done", or the kind of the refusal."""
        calls, self.late_calls = self.late_calls, []
        return [_outcome(call) for call in calls]

    def used_files(self) -> set[str]:
        """What the VMs registered here are made of."""
        layers = {layer.path for vm in self.vms.values() for disk in vm.disks for layer in disk.layers}
        return layers | {file.path for vm in self.vms.values() for file in vm.state_files}

    def held(self, paths: Sequence[str]) -> list[str]:
        """Those of the files that something holds open this time: a backup, a virus scanner."""
        found = [path for path in paths if self.holds[path] > 0]
        self.holds.subtract(found)
        return found

    def change(self, uid: str, **changes: object) -> None:
        """Something happens to a VM that no job ordered."""
        self.vms[uid] = replace(self.vms[uid], **changes)  # type: ignore[arg-type]

    def reboot(self, uid: str) -> None:
        """The power fails and comes back: only a VM with an automatic start action runs again."""
        starts = self.vms[uid].start_action.startswith("Start")
        if self.vms[uid].state is VmState.RUNNING:
            self.change(uid, state=VmState.RUNNING if starts else VmState.OFF)

    def traces(self, tag: str) -> list[str]:
        """Whatever bears the tag here."""
        notes = [vm.name for vm in self.vms.values() if tag in vm.notes]
        points = [point.name for vm in self.vms.values() for point in vm.checkpoints if tag in point.name]
        return notes + points + [path for path in self.files if tag in path] + sorted(self.works.get(tag, {}))


def _outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except ProviderError as error:
        return error.kind
    return "done"


WORLD: dict[str, FakeHost] = {}
