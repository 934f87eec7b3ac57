"""What must be true of a VM after whatever happened to its move: asked of the lab, never of Ferry's rows."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from lab.hyperv.checker import GuestAnswer, prove
from lab.hyperv.hostcontrol import VmView
from tests.faults.matrix.bench import DEADLINE_S, Bench

SLACK_S = 5.0
_SETTLES_WITHIN_S = 10.0
_ENDS = ("saved", "stopped")


@dataclass(frozen=True, slots=True)
class Before:
    """The VM before its move: what it says, what its host has of it, and how many notes the lab had."""

    vm: str
    ran: bool
    answer: GuestAnswer
    view: VmView
    lives: int
    doubles: int


def look(bench: Bench, vm: str) -> Before:
    """One that is saved is resumed to be asked, and saved again."""
    ran = bool(bench.lab.running(vm))
    answer = bench.wake(vm)
    if not ran:
        bench.rest(vm)
    view = bench.ends(vm)[0].vm(vm)
    return Before(vm, ran, answer, view, len(bench.lab.lives(vm)), len(bench.lab.twice(vm)))


def broken(bench: Bench, before: Before, tag: str, place: str) -> list[str]:
    """Every invariant that does not hold, as a sentence; the VM should be on the host `place`, as it was before."""
    lives = bench.lab.lives(before.vm)[before.lives :]
    found = [
        *_never_two(bench, before),
        *_never_none(bench, before, lives),
        *_in_its_place(bench, before, place),
        *_nothing_left(bench, tag),
    ]
    return found or _whole(bench, before, lives)


def _never_two(bench: Bench, before: Before) -> list[str]:
    doubles = bench.lab.twice(before.vm)[before.doubles :]
    return [f"{before.vm} was started on {note['second_host']} while it ran already." for note in doubles]


def _never_none(bench: Bench, before: Before, lives: list[dict[str, Any]]) -> list[str]:
    """Between an end and the next beginning no more than the deadline and one call; time without power is nobody's
    fault. A VM that stood still has not been started at all."""
    if not before.ran:
        return [f"{before.vm} stood still and was {note['event']} on {note['host']}." for note in lives]
    allowed_s = DEADLINE_S + SLACK_S + bench.dark_s
    now = {"event": "", "time": time.time()}
    gaps = [after["time"] - end["time"] for end, after in pairwise([*lives, now]) if end["event"] in _ENDS]
    return [f"{before.vm} ran nowhere for {gap:.1f} s." for gap in gaps if gap > allowed_s]


def _in_its_place(bench: Bench, before: Before, place: str) -> list[str]:
    """Registered on one host only; there as it was: running or not, its own notes and start action, no checkpoint."""
    registered, running = bench.lab.registered(before.vm), bench.lab.running(before.vm)
    if registered != [place]:
        return [f"{before.vm} is registered on {', '.join(registered) or 'no host'}, not on {place} alone."]
    wanted = [place] if before.ran else []
    found = [] if running == wanted else [f"{before.vm} runs on {', '.join(running) or 'no host'}."]
    now = _settled(bench, before.vm, place)
    if now.checkpoints or now.is_merging or any(len(layers) != 1 for layers in now.layers):
        found.append(f"{before.vm} has checkpoints: {now.checkpoints}, {now.layers}.")
    for what in ("notes", "start_action", "networks"):
        if getattr(now, what) != getattr(before.view, what):
            found.append(f"The {what} were {getattr(before.view, what)!r} and are {getattr(now, what)!r}.")
    return found


def _settled(bench: Bench, vm: str, place: str) -> VmView:
    """A merge that was ordered goes on by itself for a moment."""
    deadline = time.monotonic() + _SETTLES_WITHIN_S
    view = bench.lab.host(place).vm(vm)
    while view.is_merging and time.monotonic() < deadline:
        time.sleep(0.05)
        view = bench.lab.host(place).vm(vm)
    return view


def _nothing_left(bench: Bench, tag: str) -> list[str]:
    found = [f"Left on {host.name}: {trace}." for host in bench.lab.hosts() for trace in host.traces(tag)]
    return found + [f"Left on {host.name}: file {path}." for host in bench.lab.hosts() for path in host.stray_files()]


def _whole(bench: Bench, before: Before, lives: list[dict[str, Any]]) -> list[str]:
    """Memory and every record. A boot is excused by a loss of power of the host it happened on, and then only the
    memory may be another one: no record that was on disk."""
    answer = bench.wake(before.vm)
    boots = [note["host"] for note in lives if note["event"] == "started"]
    then = before.answer
    if boots and set(boots) <= set(bench.cuts):
        then = replace(then, boot_id=answer.boot_id, counter=0)
    proof = prove(bench.lab, before.vm, then)
    if not before.ran:
        bench.rest(before.vm)
    return list(proof.failures)
