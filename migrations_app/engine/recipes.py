"""Which steps in which order: read this first.

A VM that runs: everything that can be copied is copied while it runs, in as many rounds as are worth it; then it is
saved, the rest follows, and it is restored on the target. Where both hosts can do it, it is only paused instead, and
its memory goes straight into the target. A VM that is held for its window waits before that, and has its rounds then.
A VM that stands still is copied as it is. A live move is one step of the hypervisors' own between mark and removal.
"""

from __future__ import annotations

from migrations_app.engine.plan import Plan
from migrations_app.engine.step import Step
from migrations_app.engine.steps.check_again import CheckAgain
from migrations_app.engine.steps.checkpoints import MakeCheckpoint, MergeOnTarget
from migrations_app.engine.steps.copy_files import CopyFrozenLayers, CopyRest, CopyWhileOff
from migrations_app.engine.steps.cut_over import RegisterOnTarget, SaveState, StartOnTarget
from migrations_app.engine.steps.delta_rounds import CopyDelta, MakeDeltaCheckpoint
from migrations_app.engine.steps.hand_over import HandOver, RemoveFromSource, VerifyOnTarget
from migrations_app.engine.steps.hold import Hold
from migrations_app.engine.steps.live_move import MigrateLive, VerifyLive
from migrations_app.engine.steps.mark import Finish, MarkUnderMigration
from migrations_app.engine.steps.streamed_state import CopyLastChanges, PauseVm, SendState

Recipe = tuple[tuple[str, Step], ...]


def recipe_for(plan: Plan, *, holds: bool = False) -> Recipe:
    """The steps, with their numbers, of a migration over the network for the state the VM was planned in."""
    if not plan.was_running:
        return _standing_still()
    if plan.is_live:
        return _live()
    waiting: Recipe = (("3.3", Hold()),) if holds else _rounds(plan.max_rounds)
    outage = _streaming() if plan.streams_state else _saving()
    return (*_seeding(), *waiting, *outage, *_handing_over())


def _seeding() -> Recipe:
    return (
        ("1", CheckAgain()),
        ("2", MarkUnderMigration()),
        ("3.1", MakeCheckpoint()),
        ("3.2", CopyFrozenLayers()),
    )


def _rounds(count: int) -> Recipe:
    """3.3 and 3.4, 3.5 and 3.6, and so on."""
    return tuple(
        entry
        for number in range(1, count + 1)
        for entry in (
            (f"3.{2 * number + 1}", MakeDeltaCheckpoint(number)),
            (f"3.{2 * number + 2}", CopyDelta(number)),
        )
    )


def _saving() -> Recipe:
    return (
        ("4.1", SaveState()),
        ("4.2", CopyRest()),
        ("4.3", RegisterOnTarget()),
        ("4.4", StartOnTarget()),
    )


def _streaming() -> Recipe:
    return (
        ("4.1", PauseVm()),
        ("4.2", CopyLastChanges()),
        ("4.3", SendState()),
    )


def _handing_over() -> Recipe:
    return (
        ("5.1", VerifyOnTarget()),
        ("5.2", MergeOnTarget()),
        ("5.3", RemoveFromSource()),
        ("5.4", Finish()),
    )


def _live() -> Recipe:
    return (
        ("1", CheckAgain()),
        ("2", MarkUnderMigration()),
        ("3", MigrateLive()),
        ("4.1", VerifyLive()),
        ("4.2", RemoveFromSource()),
        ("4.3", Finish()),
    )


def _standing_still() -> Recipe:
    return (
        ("1", CheckAgain()),
        ("2", MarkUnderMigration()),
        ("3", CopyWhileOff()),
        ("4.1", RegisterOnTarget()),
        ("4.2", VerifyOnTarget()),
        ("4.3", HandOver()),
        ("4.4", Finish()),
    )
