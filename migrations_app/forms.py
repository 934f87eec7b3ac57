"""Forms of the wizard, and of a job that holds."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms

from hosts.limit_field import LimitField
from migrations_app.engine.rounds import ROUNDS_AT_MOST

_ROUNDS = f"Give the rounds as a whole number from 0 to {ROUNDS_AT_MOST}, or leave it empty."


class _Moment(forms.DateTimeInput):
    """A date and a time to the minute, as the browser's own field takes them."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class OptionsForm(forms.Form):
    """How the move is done. `presets` (migrations_app.presets) holds for each option that `entered` does not name."""

    keep = forms.BooleanField(
        required=False,
        label="Keep the source's files",
        help_text="The virtual machine is taken off the source; its disk files stay there until somebody deletes them.",
    )
    limit = LimitField(
        label="Bandwidth limit, MB/s",
        help_text="Empty for no limit. A limit makes the move longer, and the outage, too.",
    )

    rounds = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=ROUNDS_AT_MOST,
        label="Delta rounds at most",
        help_text="How often what was written meanwhile is copied while the virtual machine still runs: each round "
        "that is worth it shortens the outage.",
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _ROUNDS),
    )

    saved = forms.BooleanField(
        required=False,
        label="Save the state to a file",
        help_text="Instead of sending the memory straight into the target: the outage is longer, and until the virtual "
        "machine runs there its state is kept on the source, whatever happens to the target.",
    )

    def __init__(self, entered: Mapping[str, str], presets: Mapping[str, bool | int | None]) -> None:
        preset = {name: _as_sent(value) for name, value in presets.items()}
        super().__init__({name: entered.get(name, preset[name]) for name in preset}, initial=dict(presets))
        self.fields["rounds"].help_text += f" Empty for {presets['rounds']}; 0 copies it all in the outage."

    @property
    def max_rounds(self) -> int:
        given = self.cleaned_data.get("rounds")
        return int(self.initial["rounds"] if given is None else given)

    @property
    def limit_bytes_per_s(self) -> int:
        """0: no limit."""
        return int(self.cleaned_data.get("limit") or 0)


def _as_sent(value: bool | int | None) -> str:
    """As a browser sends it."""
    if isinstance(value, bool):
        return "on" if value else ""
    return "" if value is None else str(value)


class WindowForm(forms.Form):
    """From when, and until when at the latest, a job that holds may cut over; in the server's time zone."""

    opens_at = forms.DateTimeField(
        label="Cut over from",
        widget=_Moment,
        error_messages={
            "required": "Give the time at which the window opens.",
            "invalid": "The time at which the window opens is no date and time.",
        },
    )
    closes_at = forms.DateTimeField(
        required=False,
        label="Until",
        widget=_Moment,
        error_messages={"invalid": "The time at which the window closes is no date and time."},
    )

    @property
    def why_not(self) -> str:
        """What is wrong with the answers, in sentences."""
        return " ".join(str(text) for errors in self.errors.values() for text in errors)


class LimitForm(forms.Form):
    """The limit of a job that runs."""

    limit = LimitField(widget=forms.NumberInput(attrs={"aria-label": "Limit, MB/s", "placeholder": "None"}))
