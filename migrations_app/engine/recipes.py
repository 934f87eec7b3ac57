"""Which steps in which order: read this first.

A VM that runs: everything that can be copied is copied while it runs; then it is saved, the rest follows,
and it is restored on the target. A VM that stands still is copied as it is.
"""

from __future__ import annotations

from migrations_app.engine.plan import Plan
from migrations_app.engine.step import Step
from migrations_app.engine.steps.check_again import CheckAgain
from migrations_app.engine.steps.checkpoints import MakeCheckpoint, MakeDeltaCheckpoint, MergeOnTarget
from migrations_app.engine.steps.copy_files import CopyDelta, CopyFrozenLayers, CopyRest, CopyWhileOff
from migrations_app.engine.steps.cut_over import RegisterOnTarget, SaveState, StartOnTarget
from migrations_app.engine.steps.hand_over import HandOver, RemoveFromSource, VerifyOnTarget
from migrations_app.engine.steps.mark import Finish, MarkUnderMigration

Recipe = tuple[tuple[str, type[Step]], ...]

QUICK_RUNNING: Recipe = (
    ("1", CheckAgain),
    ("2", MarkUnderMigration),
    ("3.1", MakeCheckpoint),
    ("3.2", CopyFrozenLayers),
    ("3.3", MakeDeltaCheckpoint),
    ("3.4", CopyDelta),
    ("4.1", SaveState),
    ("4.2", CopyRest),
    ("4.3", RegisterOnTarget),
    ("4.4", StartOnTarget),
    ("5.1", VerifyOnTarget),
    ("5.2", MergeOnTarget),
    ("5.3", RemoveFromSource),
    ("5.4", Finish),
)

QUICK_STANDING_STILL: Recipe = (
    ("1", CheckAgain),
    ("2", MarkUnderMigration),
    ("3", CopyWhileOff),
    ("4.1", RegisterOnTarget),
    ("4.2", VerifyOnTarget),
    ("4.3", HandOver),
    ("4.4", Finish),
)


def recipe_for(plan: Plan) -> Recipe:
    """The recipe of a quick migration over the network for the state the VM was planned in."""
    return QUICK_RUNNING if plan.was_running else QUICK_STANDING_STILL
