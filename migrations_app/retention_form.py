"""The form of how long history is kept."""

from __future__ import annotations

from typing import Any

from django import forms

from hosts.models import Retention

YEARS_10_D = 3650
DAYS_90_H = 2160


class _Keeps(forms.IntegerField):
    """A whole number within bounds, or with `or_zero` 0. One sentence, which names `what`, for all that is wrong."""

    def __init__(self, what: str, unit: str, least: int, most: int, *, or_zero: bool = False) -> None:
        self.least, self.most, self.or_zero = least, most, or_zero
        zero = ", or 0 for ever" if or_zero else ""
        self.sentence = f"{what}: give a whole number of {unit} from {least} to {most:,}{zero}."
        super().__init__(label=f"{what}, {unit}", error_messages=dict.fromkeys(("required", "invalid"), self.sentence))

    def clean(self, value: Any) -> int:
        number = int(super().clean(value))
        if self.least <= number <= self.most or (self.or_zero and number == 0):
            return number
        raise forms.ValidationError(self.sentence)


class RetentionForm(forms.Form):
    """Jobs are what forecasts and reports are made from, samples the charts of a day, averages those of 30 days."""

    jobs_keep_d = _Keeps("Jobs that have ended", "days", 7, YEARS_10_D, or_zero=True)
    samples_keep_h = _Keeps("Samples of loads", "hours", 2, DAYS_90_H)
    averages_keep_d = _Keeps("Hourly averages", "days", 1, YEARS_10_D)

    def __init__(self, entered: Any, stored: Retention) -> None:
        super().__init__(entered, initial={name: getattr(stored, name) for name in self.base_fields})

    def entered(self) -> Retention:
        """What was entered, once it is valid."""
        return Retention(**self.cleaned_data)
