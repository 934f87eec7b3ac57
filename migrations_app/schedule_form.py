"""When to move, as it is asked in the wizard: the same names in the form, in the address and in the errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils import timezone

from migrations_app.schedule import Priority, Schedule, mistakes

_NO_TIME = {
    "invalid": "Give day and time, such as 2026-11-24T02:00.",
    "required": "Give day and time.",
}


class ScheduleForm(forms.Form):
    """Every answer has a default: now, as soon as everything is copied, normal. Times are in the zone of Ferry.

    `outage_high_s`: how long the outage may last by the forecast; a window must have room for it.
    """

    when = forms.ChoiceField(required=False, choices={"": "As soon as both hosts have room", "at": "At a time"})
    start = forms.DateTimeField(required=False, label="Begin at", error_messages=_NO_TIME)
    cut = forms.ChoiceField(
        required=False,
        choices={"": "As soon as everything is copied", "window": "In a window", "ask": "When I say so"},
    )
    begin = forms.DateTimeField(required=False, label="From", error_messages=_NO_TIME)
    until = forms.DateTimeField(required=False, label="Until", error_messages=_NO_TIME)
    priority = forms.TypedChoiceField(
        required=False, choices={"": "Normal", "1": "High", "-1": "Low"}, coerce=int, empty_value=None
    )

    def __init__(self, data: Mapping[str, Any], outage_high_s: float = 0.0) -> None:
        super().__init__(data)
        self._outage_high_s = outage_high_s

    @property
    def schedule(self) -> Schedule:
        """What was asked for; what belongs to another choice is left out. Only of a form that is valid."""
        given = self.cleaned_data
        has_window = given["cut"] == "window"
        return Schedule(
            start_at=given["start"] if given["when"] == "at" else None,
            holds=bool(given["cut"]),
            cut_over_from=given["begin"] if has_window else None,
            cut_over_until=given["until"] if has_window else None,
            priority=given["priority"] or Priority.NORMAL.value,
        )

    @property
    def is_changed(self) -> bool:
        return any(self.data.values())

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        for name, is_asked in (("start", given.get("when") == "at"), ("until", given.get("cut") == "window")):
            if not is_asked:
                self.errors.pop(name, None)
            elif given.get(name) is None and name not in self.errors:
                self.add_error(name, _NO_TIME["required"])
        if given.get("cut") != "window":
            self.errors.pop("begin", None)
        if not self.errors:
            for name, text in mistakes(self.schedule, self._outage_high_s, timezone.now()):
                self.add_error(name, text)
        return given
