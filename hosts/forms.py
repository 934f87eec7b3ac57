"""The form in which a host is added, or its connection changed."""

from __future__ import annotations

from typing import Any

from django import forms

from hosts.asking import Trouble
from hosts.inventory import NewHost
from hosts.limit_field import LimitField
from hosts.models import Host
from hosts.providers.types import Secret, Transport

_FIELD_OF_TROUBLE = {
    "HostUnreachable": "address",
    "DeadlineExceeded": "address",
    "CertificateUntrusted": "ca_pem",
    "AccessDenied": "password",
    "KeyMissing": "password",
}


class ConnectionForm(forms.ModelForm[Host]):
    """How a host is reached. The password is written, never shown; of a known host an empty one leaves it as it is."""

    password = forms.CharField(
        strip=False, required=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    move_limit = LimitField()
    anyway = forms.BooleanField(required=False)

    class Meta:
        model = Host
        fields = ["name", "address", "port", "transport", "username", "ca_pem"]
        widgets = {
            "username": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            "address": forms.TextInput(attrs={"spellcheck": "false"}),
            "port": forms.NumberInput(attrs={"min": 1, "max": 65535}),
            "ca_pem": forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        }
        error_messages = {"name": {"unique": "There is a host of this name already."}}

    trouble: Trouble | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["move_limit"] = self.instance.move_limit_bytes_per_s

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("password") and self.instance._state.adding:
            self.add_error("password", "Enter the password.")
        if not cleaned.get("username"):
            self.add_error("username", "Enter the user's name.")
        return cleaned

    def new_host(self) -> NewHost:
        """What was entered, once it is valid."""
        entered = self.cleaned_data
        password = entered["password"]
        return NewHost(
            name=entered["name"],
            address=entered["address"],
            port=entered["port"],
            transport=Transport(entered["transport"]),
            username=entered["username"],
            password=Secret(password) if password else self.instance.password,
            ca_pem=entered["ca_pem"],
            move_limit_bytes_per_s=entered["move_limit"],
        )

    def refuse(self, trouble: Trouble) -> None:
        """The host could not be asked: say so at the field that is likely wrong, and at the head of the form."""
        self.trouble = trouble
        if field := _FIELD_OF_TROUBLE.get(trouble.kind):
            self.add_error(field, trouble.reason)
