"""Forms of the wizard."""

from __future__ import annotations

from django import forms

MAX_LIMIT_MB_PER_S = 100_000


class OptionsForm(forms.Form):
    """How the move is done; every option has a default that suits most moves."""

    keep = forms.BooleanField(
        required=False,
        label="Keep the source's files",
        help_text="The virtual machine is taken off the source; its disk files stay there until somebody deletes them.",
    )
    limit = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_LIMIT_MB_PER_S,
        label="Bandwidth limit, MB/s",
        help_text="Empty for no limit. A limit makes the move longer, and the outage, too.",
        error_messages={"invalid": "Give the limit as a whole number of MB/s, or leave it empty."},
    )

    @property
    def limit_bytes_per_s(self) -> int:
        """0: no limit."""
        return int(self.cleaned_data.get("limit") or 0) << 20

    @property
    def is_changed(self) -> bool:
        """Something differs from the defaults."""
        return any(self.data.values())
