"""The form of the migration defaults."""

from __future__ import annotations

from typing import Any

from django import forms

from hosts.limit_field import LimitField, MovesField
from hosts.models import MoveDefaults
from migrations_app.engine.rounds import ROUNDS_AT_MOST

_ROUNDS = f"Delta rounds at most: give a whole number from 0 to {ROUNDS_AT_MOST}."
_COLUMNS = ("keeps_source_files", "saves_state", "max_rounds", "max_moves_in", "max_moves_out")


class MoveDefaultsForm(forms.Form):
    prefers = forms.ChoiceField(
        choices=[("live", "Live Migration"), ("quick", "Quick Migration")],
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose one of the two."),
    )
    max_rounds = forms.IntegerField(
        label="Delta rounds at most",
        min_value=0,
        max_value=ROUNDS_AT_MOST,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), _ROUNDS),
    )
    limit = LimitField(label="Bandwidth limit of a job, MB/s")
    keeps_source_files = forms.BooleanField(required=False, label="Keep the source's files")
    saves_state = forms.BooleanField(required=False, label="Save the state to a file")
    max_moves_in = MovesField(label="Moves in at a time", required=True)
    max_moves_out = MovesField(label="Moves out at a time", required=True)

    def __init__(self, entered: Any, stored: MoveDefaults) -> None:
        initial = {name: getattr(stored, name) for name in _COLUMNS}
        initial |= {"prefers": "live" if stored.prefers_live else "quick", "limit": stored.limit_bytes_per_s}
        super().__init__(entered, initial=initial)

    def entered(self) -> MoveDefaults:
        """What was entered, once it is valid."""
        given = self.cleaned_data
        return MoveDefaults(
            prefers_live=given["prefers"] == "live",
            limit_bytes_per_s=given["limit"],
            **{name: given[name] for name in _COLUMNS},
        )
