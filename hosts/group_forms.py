"""The form of a host group: its name and the group it is in."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms

from hosts.group_tree import group_paths
from hosts.host_rows import groups_below
from hosts.models import HostGroup
from hosts.validators import validate_group_name

MOST_CHARACTERS = 100


class GroupForm(forms.Form):
    """`group`: the one that is changed; it is not offered as a place for itself."""

    name = forms.CharField(
        label="Name",
        error_messages={"required": "Give the group a name."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    parent = forms.TypedChoiceField(
        label="In the group",
        coerce=int,
        error_messages={
            "required": "Choose the group that it is in.",
            "invalid_choice": "This group was removed meanwhile. Choose another one.",
        },
    )

    def __init__(self, *args: Any, group: HostGroup | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = list(group_paths().items())
        parent = self.fields["parent"]
        assert isinstance(parent, forms.TypedChoiceField)
        parent.choices = choices
        inside = groups_below(str(group.pk)) if group else set()
        parent.widget.choices = [(pk, path) for pk, path in choices if pk not in inside]

    def clean_name(self) -> str:
        name = unicodedata.normalize("NFC", self.cleaned_data["name"])
        if len(name) > MOST_CHARACTERS:
            raise forms.ValidationError(
                f"A group's name has at most {MOST_CHARACTERS} characters; this one has {len(name)}."
            )
        validate_group_name(name)
        return name
