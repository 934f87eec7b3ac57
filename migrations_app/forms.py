"""Forms of the wizard."""

from __future__ import annotations

from django import forms

from hosts.limit_field import LimitField


class OptionsForm(forms.Form):
    """How the move is done; every option has a default that suits most moves."""

    keep = forms.BooleanField(
        required=False,
        label="Keep the source's files",
        help_text="The virtual machine is taken off the source; its disk files stay there until somebody deletes them.",
    )
    limit = LimitField(
        label="Bandwidth limit, MB/s",
        help_text="Empty for no limit. A limit makes the move longer, and the outage, too.",
    )

    @property
    def limit_bytes_per_s(self) -> int:
        """0: no limit."""
        return int(self.cleaned_data.get("limit") or 0)

    @property
    def is_changed(self) -> bool:
        """Something differs from the defaults."""
        return any(self.data.values())


class LimitForm(forms.Form):
    """The limit of a job that runs."""

    limit = LimitField(widget=forms.NumberInput(attrs={"aria-label": "Limit, MB/s", "placeholder": "None"}))
