"""The form in which a host is added, or its connection changed."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from hosts.asking import Trouble
from hosts.inventory import NewHost, needed_by
from hosts.limit_field import LimitField, MovesField
from hosts.models import Host
from hosts.move_defaults import move_defaults
from hosts.providers.types import Secret, Transport

SSH_PORT = 22
_PORT = "Give the port as a whole number from 1 to 65535."

# Where to look first, by the kind of the error; what is not here is the host's own refusal, and goes to its address.
_FIELD_OF_TROUBLE = {
    "NothingListens": "port",
    "ProtocolError": "port",
    "CertificateUntrusted": "ca_pem",
    "HostKeyUntrusted": "host_key",
    "AccessDenied": "password",
    "KeyMissing": "password",
    "PlainText": "transport",
}


class UnseenTextarea(forms.Textarea):
    """Several lines that are never sent back, as PasswordInput does it for one."""

    def format_value(self, value: Any) -> None:
        del value


class ConnectionForm(forms.ModelForm[Host]):
    """How a host is reached. The secret is written, never shown; of a known host an empty one leaves it as it is.

    Each kind of host has its own: see FORMS.
    """

    kind: ClassVar[Host.Kind]
    transports: ClassVar[tuple[Transport, ...]]
    hints: ClassVar[dict[str, str]]
    password = forms.CharField(
        strip=False, required=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    move_limit = LimitField()
    max_moves_in = MovesField(label="Moves in at a time")
    max_moves_out = MovesField(label="Moves out at a time")
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
        error_messages = {
            "name": {"unique": "There is a host of this name already.", "required": "Give the host a name."},
            "address": {"required": "Enter the DNS name or the IP address of the host."},
            "port": dict.fromkeys(("required", "invalid", "min_value", "max_value"), _PORT),
        }

    trouble: Trouble | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["move_limit"] = self.instance.move_limit_bytes_per_s
        moves = move_defaults() if self.instance._state.adding else self.instance
        self.initial["max_moves_in"], self.initial["max_moves_out"] = moves.max_moves_in, moves.max_moves_out
        labels = dict(Host.TransportChoices)
        self.fields["transport"] = forms.ChoiceField(choices=[(each.value, labels[each]) for each in self.transports])
        for name, hint in self.hints.items():
            self.fields[name].help_text = hint
        if not self.instance._state.adding:
            self.fields["password"].help_text = "Left empty, what is stored stays."

    def clean(self) -> dict[str, Any]:
        """What the transport needs is asked for at its field."""
        cleaned = super().clean() or {}
        if "transport" not in cleaned:
            return cleaned
        needs_user, secret = needed_by(Transport(cleaned["transport"]))
        if needs_user and not cleaned.get("username"):
            self.add_error("username", "Enter the user's name.")
        if secret and not cleaned.get("password") and self.instance._state.adding:
            self.add_error("password", secret)
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
            host_key=entered.get("host_key", ""),
            kind=self.kind,
            move_limit_bytes_per_s=entered["move_limit"],
            max_moves_in=entered["max_moves_in"],
            max_moves_out=entered["max_moves_out"],
        )

    def refuse(self, trouble: Trouble) -> None:
        """The host could not be asked: say so at the field that is likely wrong, and at the head of the form."""
        self.trouble = trouble
        field = _FIELD_OF_TROUBLE.get(trouble.kind, "address")
        self.add_error(field if field in self.fields else "address", trouble.reason)


class HyperVForm(ConnectionForm):
    kind = Host.Kind.HYPERV
    transports = (Transport.NTLM_HTTP, Transport.NTLM_HTTPS, Transport.BASIC_HTTPS)
    hints = {
        "port": "WinRM: 5985 for HTTP, 5986 for HTTPS.",
        "username": "DOMAIN\\user, a Hyper-V administrator on the host.",
        "password": "Stored encrypted, never shown again.",
        "ca_pem": "For HTTPS: the certificates (PEM) that signed the host's. Empty: those this machine trusts.",
    }


class LibvirtForm(ConnectionForm):
    """The secret is a text of several lines here: a private key, with TLS after the certificate that goes with it."""

    kind = Host.Kind.LIBVIRT
    transports = (Transport.LIBVIRT_SSH, Transport.LIBVIRT_TLS, Transport.LIBVIRT_TCP)
    hints = {
        "port": "SSH: 22. TLS: 16514.",
        "transport": "Quick migration needs SSH; over TLS virtual machines move live only.",
        "username": "For SSH: root, or a user who may do everything that root may with libvirt and its disks.",
        "password": (
            "SSH: a private key without a passphrase. TLS: the client's certificate, then its key. "
            "Stored encrypted, never shown again, never written to a disk in the clear."
        ),
        "host_key": "SSH: what the host shows, such as ssh-ed25519 AAAA... (ssh-keyscan -t ed25519 host shows it).",
        "ca_pem": "For TLS: the certificates (PEM) that signed the host's.",
    }
    password = forms.CharField(
        strip=False,
        required=False,
        widget=UnseenTextarea(attrs={"rows": 5, "spellcheck": "false", "autocomplete": "off"}),
    )

    class Meta(ConnectionForm.Meta):
        fields = [*ConnectionForm.Meta.fields, "host_key"]
        widgets = ConnectionForm.Meta.widgets | {"host_key": forms.Textarea(attrs={"rows": 2, "spellcheck": "false"})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance._state.adding:
            self.initial["port"], self.initial["username"] = SSH_PORT, "root"


FORMS: dict[str, type[ConnectionForm]] = {form.kind.value: form for form in (HyperVForm, LibvirtForm)}
