"""How a worker's process dies at a chosen moment of a chosen step: by SIGKILL, from within its own call."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

from lab.hyperv.control import Lab
from lab.hyperv.faults import COPY, Fault, FaultKind
from migrations_app.models import JobStep
from tests.faults.matrix.points import Moment
from tests.faults.matrix.tap import Call

HELD_S = 0.4
_PATIENCE_S = 20.0


def die_at(lab: Lab, position: int, moment: str, verb: str) -> Callable[[Call], float | None]:
    """For Tap.on_call."""
    deaths = {Moment.BEFORE: _before, Moment.MIDDLE: _in_the_middle, Moment.AFTER: _after}
    return lambda call: deaths[Moment(moment)](lab, call, position, verb)


def is_done(position: int) -> bool:
    """The row of the step at this position says so; one job runs at a time."""
    rows = JobStep.objects.filter(position=position).order_by("-job_id")
    return rows.values_list("status", flat=True).first() == JobStep.Status.DONE


def _before(_: Lab, call: Call, position: int, __: str) -> None:
    if call.position == position:
        _die()


def _in_the_middle(lab: Lab, call: Call, position: int, verb: str) -> None:
    """While the host holds the call, which it then carries out; a copy goes on without the one who asked for it."""
    if call.position != position:
        return
    host = lab.host(call.host)
    if call.verb == "start-works" and verb == "list-works":
        host.order(Fault(COPY, FaultKind.HANG, seconds=HELD_S))
    if call.verb == verb:
        host.hang(verb, HELD_S)
        threading.Thread(target=_die_when_held, args=(lab, call), daemon=True).start()


def _after(_: Lab, call: Call, position: int, __: str) -> None:
    if call.position != position and is_done(position):
        _die()


def _die_when_held(lab: Lab, call: Call) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while any(fault.verb == call.verb for fault in lab.host(call.host).pending_faults()):
        if time.monotonic() > deadline:
            return
        time.sleep(0.005)
    _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
