"""Where in a step a fault may strike: the step's calls as a move without faults made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from migrations_app.engine.recipes import Recipe
from tests.faults.matrix.tap import READING, Call


class Moment(StrEnum):
    """Before the step has done anything; while its work is under way; when its row says that it is done."""

    BEFORE = "before"
    MIDDLE = "middle"
    AFTER = "after"


class Stage(StrEnum):
    """Where a step is: before the one from which there is no way back, that one itself, or after it."""

    BEFORE = "before the step of no return"
    COMMITS = "the step of no return"
    AFTER = "after the step of no return"


@dataclass(frozen=True, slots=True)
class StepCall:
    """A call that a step makes: to the "source" or the "target"."""

    side: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} on the {self.side}"


@dataclass(frozen=True, slots=True)
class StepCalls:
    """The calls of one step, each once, in the order in which they are first made."""

    position: int
    stage: Stage
    is_gate: bool
    calls: tuple[StepCall, ...]

    @property
    def main(self) -> StepCall:
        """The one that changes most: the last that does not only read."""
        changing = [call for call in self.calls if call.verb not in READING]
        return (changing or list(self.calls))[-1]

    @property
    def middle(self) -> StepCall:
        """During which the step's work is under way: for a copy when it is asked for the first time how far it is."""
        return next((call for call in self.calls if call.verb == "list-works"), self.main)

    @property
    def copies(self) -> bool:
        return any(call.verb == "start-works" for call in self.calls)


def calls_of_steps(seen: Sequence[Call], source: str, recipe: Recipe) -> dict[int, StepCalls]:
    """From what the tap saw of a move from `source`; steps that made no call are not in it."""
    found: dict[int, list[StepCall]] = {}
    for call in seen:
        if call.position is not None:
            step_call = StepCall("source" if call.host == source else "target", call.verb)
            calls = found.setdefault(call.position, [])
            if step_call not in calls:
                calls.append(step_call)
    return {
        at: StepCalls(at, stage_of(recipe, at), is_gate=recipe[at][1].is_gate, calls=tuple(calls))
        for at, calls in found.items()
    }


def stage_of(recipe: Recipe, position: int) -> Stage:
    commits = next(at for at, (_, step) in enumerate(recipe) if step.commits)
    if position == commits:
        return Stage.COMMITS
    return Stage.BEFORE if position < commits else Stage.AFTER
