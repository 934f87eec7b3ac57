"""What Ferry itself knows of a virtual machine: who owns it, and what it is for. No host is told."""

from __future__ import annotations

from django import forms
from django.db import transaction

from hosts.audit import Deed, record
from hosts.models import VirtualMachine

MOST_CHARACTERS = 4000


class PropertiesForm(forms.Form):
    owner = forms.CharField(
        label="Owner",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
        error_messages={"max_length": "Give a name of 255 characters at most."},
    )
    description = forms.CharField(
        label="Description",
        required=False,
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto", "class": "words"}),
        error_messages={"max_length": f"Give {MOST_CHARACTERS:,} characters at most."},
    )


def change_properties(vm: VirtualMachine, owner: str, description: str) -> None:
    """Of a VM as it is kept; a refresh and a move leave both alone."""
    before = {"owner": vm.owner, "description": vm.description}
    after = {"owner": owner, "description": description}
    if before == after:
        return
    with transaction.atomic():
        VirtualMachine.objects.filter(pk=vm.pk).update(**after)
        record(Deed.VM_CHANGED, f"{vm.name} on {vm.host.name}", before, after)
