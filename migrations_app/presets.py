"""What the migration defaults preset: in the wizard, in plans of several moves, and for the command."""

from __future__ import annotations

from dataclasses import replace

from hosts import units
from hosts.models import MoveDefaults
from hosts.move_defaults import move_defaults
from migrations_app.plans import Choices
from migrations_app.transfer_types import preference


def with_defaults(choices: Choices) -> Choices:
    """As the wizard would have it for somebody who accepts everything."""
    defaults = move_defaults()
    return replace(
        choices,
        keeps_source_files=defaults.keeps_source_files,
        limit_bytes_per_s=defaults.limit_bytes_per_s,
        max_rounds=defaults.max_rounds,
        streams_state=not defaults.saves_state,
        wants_quick=preference(choices.vm, defaults)[0],
    )


def option_presets(defaults: MoveDefaults) -> dict[str, bool | int | None]:
    """For each field of forms.OptionsForm, as it is entered there: the limit in MB/s, None for no limit."""
    limit = defaults.limit_bytes_per_s
    return {
        "keep": defaults.keeps_source_files,
        "limit": max(1, limit // units.MB) if limit else None,
        "rounds": defaults.max_rounds,
        "saved": defaults.saves_state,
    }
