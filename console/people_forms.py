"""Forms of user administration, and of the own password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordChangeForm, UsernameField
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from hosts.access import WHAT_A_ROLE_MAY, Role
from hosts.addresses import is_key
from hosts.group_tree import groups_in_order
from hosts.models import HostGroup

_MOST_LETTERS = 150
_ENTER = {
    "old_password": "Enter the password you have.",
    "new_password1": "Enter a new password.",
    "new_password2": "Enter the new password once more.",
}
_NAME_REFUSED = "A user name has letters, digits and @ . + - _ only."
_is_name = RegexValidator(r"^[\w.@+-]+\Z", _NAME_REFUSED)


class GroupsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Refuses what can be no key before the database is asked for it."""

    def clean(self, value: Any) -> Any:
        if not all(is_key(str(each)) for each in value or ()):
            raise ValidationError(self.error_messages["invalid_choice"])
        return super().clean(value)


class RoleForm(forms.Form):
    """A role, "" for none; and for an operator the host groups in which he may act."""

    role = forms.ChoiceField(required=False, error_messages={"invalid_choice": "Choose one of the roles."})
    groups = GroupsField(
        HostGroup.objects.all(), required=False, error_messages={"invalid_choice": "One of the groups is gone."}
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["role"].choices = [(role.value, role.value) for role in Role] + [("", "No role")]  # type: ignore[attr-defined]

    def roles(self) -> list[tuple[str, str, str, bool]]:
        """For each choice its value, its name, what it may, and whether it is chosen."""
        chosen = self["role"].value() or ""
        told = [(role.value, role.value, f"{WHAT_A_ROLE_MAY[role].capitalize()}.", role == chosen) for role in Role]
        return [*told, ("", "No role", "May sign in and see nothing yet.", not chosen)]

    def group_rows(self) -> list[tuple[int, HostGroup, bool]]:
        """Each group with its depth in the tree, and whether it is chosen."""
        chosen = {str(getattr(it, "pk", it)) for it in self["groups"].value() or []}
        return [(depth, group, str(group.pk) in chosen) for depth, group in groups_in_order()]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("role") == Role.OPERATOR and not cleaned.get("groups") and "groups" not in self.errors:
            self.add_error("groups", "Choose at least one host group: an operator without one may do nothing.")
        return cleaned

    @property
    def chosen_role(self) -> Role | None:
        return Role(self.cleaned_data["role"]) if self.cleaned_data["role"] else None


class AddUserForm(RoleForm):
    name = UsernameField(
        max_length=_MOST_LETTERS,
        validators=[_is_name],
        error_messages={
            "required": "Give the user a name.",
            "max_length": f"A user name has {_MOST_LETTERS} letters at most.",
        },
    )

    def clean_name(self) -> str:
        """Names that differ in case only would be taken for one another."""
        name = str(self.cleaned_data["name"])
        if User.objects.filter(username__iexact=name).exists():
            raise ValidationError("There is a user of this name already.")
        return name


class OwnPasswordForm(PasswordChangeForm):
    """Who was just given a password need not enter it once more."""

    def __init__(self, user: User, *args: Any, is_first: bool, **options: Any) -> None:
        super().__init__(user, *args, **options)
        if is_first:
            del self.fields["old_password"]
        for name, field in self.fields.items():
            field.help_text = ""  # the page says it once
            field.error_messages["required"] = _ENTER[name]

    def clean_new_password1(self) -> str:
        password = str(self.cleaned_data["new_password1"])
        if self.user.check_password(password):
            raise ValidationError("Choose another password than the one you have.")
        return password
