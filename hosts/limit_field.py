"""A bandwidth as people enter it: whole MB/s, nothing for no limit."""

from __future__ import annotations

from typing import Any

from django import forms

from hosts import units

MAX_MB_PER_S = 100_000
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
