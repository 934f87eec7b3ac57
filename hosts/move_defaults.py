"""How VMs are moved unless somebody says otherwise: one row, kept by administrators."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from hosts import units
from hosts.audit import Deed, record
from hosts.models import MoveDefaults


def move_defaults() -> MoveDefaults:
    """As saved last, or as they come."""
    return MoveDefaults.objects.first() or MoveDefaults(pk=MoveDefaults.SINGLETON)


def save_move_defaults(changed: MoveDefaults, by: User | None) -> None:
    """From now on; moves that were ordered keep what they were ordered with."""
    with transaction.atomic():
        before = _facts_of(move_defaults())
        changed.pk, changed.saved_by, changed.saved_at = MoveDefaults.SINGLETON, by, timezone.now()
        changed.save()
        record(Deed.MOVE_DEFAULTS, "Migration defaults", before, _facts_of(changed), by)


def _facts_of(defaults: MoveDefaults) -> dict[str, Any]:
    limit = defaults.limit_bytes_per_s
    return {
        "preferred": "Live Migration" if defaults.prefers_live else "Quick Migration",
        "delta rounds": defaults.max_rounds,
        "limit": units.rate(limit) if limit else "none",
        "keep the source's files": defaults.keeps_source_files,
        "save the state to a file": defaults.saves_state,
        "moves into a new host": defaults.max_moves_in,
        "moves out of a new host": defaults.max_moves_out,
    }
