"""Limits as people enter them: a bandwidth in whole MB/s, nothing for no limit; how many moves at a time."""

from __future__ import annotations

from typing import Any

from django import forms

from hosts import units

MAX_MB_PER_S = 100_000
MOST_MOVES = 100
_SENTENCE = f"Give the limit as a whole number of MB/s from 1 to {MAX_MB_PER_S:,}, or leave it empty for no limit."


class LimitField(forms.IntegerField):
    """Cleaned and initial values are bytes per second; 0 is no limit."""

    def __init__(self, **options: Any) -> None:
        wrong = dict.fromkeys(("invalid", "min_value", "max_value"), _SENTENCE)
        super().__init__(required=False, min_value=1, max_value=MAX_MB_PER_S, error_messages=wrong, **options)

    def clean(self, value: Any) -> int:
        return int(super().clean(value) or 0) * units.MB

    def prepare_value(self, value: Any) -> Any:
        """What somebody entered stays as it is."""
        if isinstance(value, int):
            return max(1, value // units.MB) if value else None
        return value


class MovesField(forms.IntegerField):
    """How many moves a host takes in or sends out at a time; 0: none. Left empty it is None."""

    def __init__(self, *, label: str, required: bool = False) -> None:
        sentence = f"{label}: give a whole number from 0 to {MOST_MOVES}."
        wrong = dict.fromkeys(("required", "invalid", "min_value", "max_value"), sentence)
        super().__init__(required=required, label=label, min_value=0, max_value=MOST_MOVES, error_messages=wrong)
