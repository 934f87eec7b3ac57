"""Forms for reserves: what placement leaves free on the hosts of a group, and on a single host."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction

from hosts.audit import Deed, record
from hosts.models import Host, HostGroup

# Field, label, unit, largest value.
RESERVES = (
    ("cpu_reserve_percent", "CPU", "% kept free", 100),
    ("memory_reserve_mb", "Memory", "MB kept free", 16_000_000),
    ("disk_reserve_mb", "Disk space", "MB kept free on each volume", 2_000_000_000),
    ("max_disk_iops", "Disk I/O", "IOPS that count as all of it", 100_000_000),
    ("network_reserve_percent", "Network", "% kept free", 100),
)
_FIELDS = [name for name, *_rest in RESERVES]


class _Reserves(forms.ModelForm[Any]):
    """Whole numbers within bounds; every refusal is one sentence."""

    is_required = True
    kind, deed = "Host group", Deed.GROUP_RESERVES

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label, _unit, most in RESERVES:
            or_empty = "" if self.is_required else ", or leave it empty"
            sentence = f"{label}: give a whole number from 0 to {most:,}{or_empty}."
            messages = dict.fromkeys(("required", "invalid", "min_value", "max_value"), sentence)
            self.fields[name] = forms.IntegerField(
                label=label, min_value=0, max_value=most, required=self.is_required, error_messages=messages
            )

    def rows(self) -> list[tuple[forms.BoundField, str, str]]:
        """Each field, its unit, and what holds when it is left empty."""
        return [(self[name], unit, self.inherited(name)) for name, _label, unit, _most in RESERVES]

    def inherited(self, _name: str) -> str:
        return ""

    def store(self) -> None:
        """Only the reserves: a refresh may be writing the rest of the row."""
        before = {name: self.initial[name] for name in _FIELDS}
        with transaction.atomic():
            self.instance.save(update_fields=_FIELDS)
            record(self.deed, f"{self.kind} {self.instance}", before, self.cleaned_data)


class GroupReservesForm(_Reserves):
    class Meta:
        model = HostGroup
        fields = _FIELDS


class HostReservesForm(_Reserves):
    """What is left empty is as in the host's group."""

    is_required = False
    kind, deed = "Host", Deed.HOST_RESERVES

    class Meta:
        model = Host
        fields = _FIELDS

    def inherited(self, _name: str) -> str:
        return f"{getattr(self.instance.group, _name):,}"
