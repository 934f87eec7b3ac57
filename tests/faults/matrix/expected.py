"""How a cell must end, and what must be said: from the safety rules, not from what the engine was seen to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.faults.matrix.faults import REFUSAL, HostDies
from tests.faults.matrix.points import Moment, Stage, StepCall, StepCalls
from tests.faults.matrix.scene import Column

_GIVES_IT_AWAY = ("start-vm", "remove-vm")
_NOT_NEEDED = ("sample-host",)


class End(StrEnum):
    """How it ended; the words of the table."""

    MOVED = "moved"
    RETRIED = "moved by a retry"
    UNDONE = "undone"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Expected:
    """One of these ends; `says`, a regular expression, is found in the sentence for the person when there is one."""

    ends: tuple[End, ...]
    says: str = ""


def expected(column: Column, step: StepCalls, call: StepCall, steps: Mapping[int, StepCalls]) -> Expected:
    """Before the way back ends, a failure ends on the source; after it, on the target."""
    if column.key in _SAYS:
        return Expected((_of_a_failed_call(column.key, step, call),), _SAYS[column.key])
    if isinstance(column, HostDies):
        return Expected(_of_a_death(column.moment, step), "HV0")
    if column.key in ("source-fills", "target-fills"):
        return Expected((_of_a_full_disk(column.key, step, steps),), "D:")
    if column.key == "corrupt":
        return Expected((End.UNDONE,), "are not those of the source")
    if column.key == "lease-lost-undone" or (column.key == "cancelled" and step.stage is Stage.BEFORE):
        return Expected((End.CANCELLED,), "The move was cancelled.")
    return Expected((End.MOVED,))


def _of_a_failed_call(key: str, step: StepCalls, call: StepCall) -> End:
    """A copy asks again how far it is, a VM that is held waits for a silent host, the load of a host is not needed;
    everything else fails the step."""
    if step.is_gate and key != "refused":
        return End.MOVED
    if call.verb in _NOT_NEEDED or (call.verb == "list-works" and key != "refused"):
        return End.MOVED
    if step.stage is Stage.BEFORE:
        return End.UNDONE
    if step.stage is Stage.AFTER:
        return End.RETRIED
    return End.MOVED if _is_given_away(key, step, call) else End.UNDONE


def _is_given_away(key: str, step: StepCalls, call: StepCall) -> bool:
    """In the step of no return: by this call, or by an earlier one."""
    deed = next(at for at, each in enumerate(step.calls) if each.verb in _GIVES_IT_AWAY)
    struck = step.calls.index(call)
    return struck > deed or (struck == deed and key == "drops-after")


def _of_a_death(moment: Moment, step: StepCalls) -> tuple[End, ...]:
    """A copy may go on where it was when the power is back; after the way back only the cleaning up may wait."""
    if step.stage is Stage.BEFORE:
        may_go_on = step.is_gate or (step.copies and moment is Moment.MIDDLE)
        return (End.UNDONE, End.MOVED) if may_go_on else (End.UNDONE,)
    if step.stage is Stage.COMMITS and moment is Moment.BEFORE:
        return (End.UNDONE,)
    return (End.MOVED, End.RETRIED)


def _of_a_full_disk(key: str, step: StepCalls, steps: Mapping[int, StepCalls]) -> End:
    """The target needs room for every copy, the source for the saved state."""
    verb = "save-vm" if key == "source-fills" else "start-works"
    needs = [at for at, each in steps.items() if any(made.verb == verb for made in each.calls)]
    return End.UNDONE if needs and step.position <= max(needs) else End.MOVED


_SAYS = {
    "refused": REFUSAL,
    "hangs": "did not answer within 1 seconds|was given up after .* at the deadline of the outage",
    "drops-before": "The host dropped the connection before it answered.",
    "late": "The host dropped the connection before it answered.",
    "drops-after": "The host dropped the connection before it answered.",
}
