"""Workers of the in-memory world that die at a chosen call, and the calls that they leave on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hosts.providers.errors import ProviderError, WrongState
from hosts.providers.types import Endpoint, Vm, VmState
from tests.fakes.world import WORLD, FakeProvider

NEVER = 10_000


class Killed(BaseException):
    """The worker is gone: nobody catches this."""


@dataclass
class Fate:
    """Of the worker that runs: after how many calls it dies, and whether the last of them still acts.

    `late`: calls of dead workers that have not reached their host. `doubles`: VMs that were started while they ran.
    """

    calls_left: int = NEVER
    acts: bool = False
    late: list[Callable[[], object]] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)

    def reset(self) -> None:
        self.calls_left, self.acts = NEVER, False
        self.late.clear()
        self.doubles.clear()


FATE = Fate()


class MortalProvider(FakeProvider):
    """What stands for a worker's connection to a host."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._endpoint = endpoint

    def start(self, uid: str, tag: str) -> Vm:
        """As the host does it: only what bears the tag is started, and that it runs elsewhere nobody tells the host."""
        if FATE.calls_left <= 1 and not FATE.acts:
            FATE.late.append(lambda: self._late_start(uid, tag))
        return super().start(uid, tag)

    def _late_start(self, uid: str, tag: str) -> None:
        """The call of a worker that is gone reaches the host now."""
        vm = self._host.vms.get(uid)
        if self._host.is_down or vm is None or tag not in vm.notes:
            raise WrongState(self._host.name, "It does not bear the tag and is left alone.")
        FakeProvider(self._endpoint).start(uid, tag)

    def _enter(self, verb: str) -> None:
        FATE.calls_left -= 1
        if FATE.calls_left == 0 and not FATE.acts:
            raise Killed
        super()._enter(verb)
        if verb == "start":
            self._note_doubles()

    def _after(self, verb: str) -> None:
        super()._after(verb)
        if FATE.calls_left == 0:
            raise Killed

    def _note_doubles(self) -> None:
        others = [host for host in WORLD.values() if host is not self._host]
        running = [vm.name for host in others for vm in host.vms.values() if vm.state is VmState.RUNNING]
        FATE.doubles += [f"{name} would run on {self._host.name} as well." for name in running]


def land(call: Callable[[], object]) -> None:
    """A late call reaches its host, which may refuse it."""
    try:
        call()
    except ProviderError:
        return
