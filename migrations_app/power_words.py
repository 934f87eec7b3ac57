"""What each order for a virtual machine is called, and from which states to which it leads."""

from __future__ import annotations

from dataclasses import dataclass

from hosts.audit import Deed
from hosts.models import PowerOrder, VirtualMachine
from hosts.providers.types import VmState

Activity = VirtualMachine.Activity
Verb = PowerOrder.Verb


@dataclass(frozen=True, slots=True)
class PowerWords:
    """`done` goes on after "was not", `why_not_now` after the VM's name. `question` has place for what it is about."""

    title: str
    icon: str
    done: str
    question: str
    consequence: str
    begins: frozenset[VmState]
    ends: VmState
    why_not_now: str
    activity: Activity
    deed: Deed


_IS_ON = frozenset({VmState.RUNNING, VmState.PAUSED})

WORDS = {
    Verb.START: PowerWords(
        title="Start",
        icon="play",
        done="started",
        question="Start {}?",
        consequence="A saved state is restored.",
        begins=frozenset({VmState.OFF, VmState.SAVED, VmState.PAUSED}),
        ends=VmState.RUNNING,
        why_not_now="runs already",
        activity=Activity.STARTING,
        deed=Deed.VM_STARTED,
    ),
    Verb.SHUT_DOWN: PowerWords(
        title="Shut down",
        icon="power",
        done="shut down",
        question="Shut down {}?",
        consequence="The guest ends its programs and turns itself off. Whoever works with it is cut off.",
        begins=frozenset({VmState.RUNNING}),
        ends=VmState.OFF,
        why_not_now="does not run",
        activity=Activity.SHUTTING_DOWN,
        deed=Deed.VM_SHUT_DOWN,
    ),
    Verb.SAVE: PowerWords(
        title="Save state",
        icon="save",
        done="saved",
        question="Save the state of {}?",
        consequence="The memory is written to a file and nothing answers any more. Start goes on from there.",
        begins=_IS_ON,
        ends=VmState.SAVED,
        why_not_now="does not run",
        activity=Activity.SAVING,
        deed=Deed.VM_SAVED,
    ),
    Verb.TURN_OFF: PowerWords(
        title="Turn off",
        icon="power-off",
        done="turned off",
        question="Turn off {}?",
        consequence="As if the plug were pulled: what a guest has not written is lost. Shut down is safer.",
        begins=_IS_ON | {VmState.STOPPING},
        ends=VmState.OFF,
        why_not_now="does not run",
        activity=Activity.TURNING_OFF,
        deed=Deed.VM_TURNED_OFF,
    ),
}
ACTIVITIES = frozenset(words.activity for words in WORDS.values())


def words_of(order: PowerOrder) -> PowerWords:
    return WORDS[Verb(order.verb)]
