"""What a column of the matrix is given, and what it does: a job about to be worked on, and where to strike it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from lab.hyperv.hostcontrol import HostControl
from migrations_app.models import MigrationJob
from tests.faults.matrix.bench import Bench
from tests.faults.matrix.deaths import is_done
from tests.faults.matrix.killed import KilledWorkers
from tests.faults.matrix.points import StepCall, StepCalls
from tests.faults.matrix.tap import TAP, Call


@dataclass(frozen=True, slots=True)
class Scene:
    """A job that is about to be worked on, and where a fault is to strike it."""

    bench: Bench
    killed: KilledWorkers
    job: MigrationJob
    step: StepCalls
    call: StepCall

    def host(self, side: str) -> HostControl:
        return self.bench.lab.host(self.job.source_name if side == "source" else self.job.target_name)

    def is_struck(self, call: Call) -> bool:
        """It is the call of this scene."""
        wanted = (self.step.position, self.host(self.call.side).name, self.call.verb)
        return (call.position, call.host, call.verb) == wanted

    def is_first(self, call: Call) -> bool:
        return call.position == self.step.position

    def is_over(self, call: Call) -> bool:
        """The step is done, and something else begins."""
        return call.position != self.step.position and is_done(self.step.position)


class Once:
    """For Tap.on_call: acts at the first call that matches."""

    def __init__(self, matches: Callable[[Call], bool], act: Callable[[Call], float | None]) -> None:
        self._matches = matches
        self._act = act
        self.is_done = False

    def __call__(self, call: Call) -> float | None:
        if self.is_done or not self._matches(call):
            return None
        self.is_done = True
        return self._act(call)


class Column(ABC):
    """`title` heads the column; `each_call`: it can strike every call of a step, else one is enough."""

    key: ClassVar[str]
    title: ClassVar[str]
    each_call: ClassVar[bool] = False

    def where(self, step: StepCalls) -> Sequence[StepCall]:
        """The calls to strike, the most telling first; none when it makes no sense in this step."""
        others = [call for call in step.calls if call != step.main] if self.each_call else []
        return [step.main, *others]

    def strike(self, scene: Scene) -> str:
        """Let it happen, and let workers go on to the end; what a person was told who had to ask for a retry."""
        once = Once(scene.is_struck if self.each_call else scene.is_first, lambda call: self.act(scene, call))
        TAP.on_call = once
        said = scene.bench.run_to_the_end(scene.job)
        assert once.is_done, "The fault never struck."
        return said

    @abstractmethod
    def act(self, scene: Scene, call: Call) -> float | None:
        """Just before the call goes out; the result is the call's deadline in seconds, None for the usual one."""
