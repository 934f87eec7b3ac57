"""Forms for what ratings are made with: goal, importances, expected load, and how strict each rule is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms

from hosts.rating_types import ExpectedLoad, Goal, Options
from hosts.rules import RULES, Rule, Severity

GOALS = [
    (Goal.LOAD_BALANCE.value, "Load balancing: prefer hosts with little load"),
    (Goal.CONSOLIDATE.value, "Resource maximization: fill one host before the next"),
]
IMPORTANCES = ("cpu", "memory", "disk", "network")
# Field of the form, field of ExpectedLoad, label, unit, largest sensible value.
LOADS = (
    ("load_cpu", "cpu_percent", "Processors", "% of its own", 100),
    ("load_disk", "disk_gb", "Disk space", "GB", 1_000_000),
    ("load_iops", "disk_iops", "Disk I/O", "IOPS", 10_000_000),
    ("load_network", "network_mbps", "Network", "Mbit/s", 1_000_000),
)


class _Number(forms.FloatField):
    """A number from 0 up to `most`; every refusal is the same sentence."""

    def __init__(self, label: str, most: float, *, required: bool) -> None:
        sentence = f"{label}: give a number from 0 to {most:,}."
        messages = dict.fromkeys(("required", "invalid", "min_value", "max_value"), sentence)
        super().__init__(label=label, min_value=0, max_value=most, required=required, error_messages=messages)


class _Importance(forms.IntegerField):
    def __init__(self, label: str) -> None:
        sentence = f"{label}: give the importance as a whole number from 0 to 10."
        messages = dict.fromkeys(("required", "invalid", "min_value", "max_value"), sentence)
        super().__init__(label=label, min_value=0, max_value=10, error_messages=messages)


class ImportanceForm(forms.Form):
    """Goal and importances; what the query string leaves out is as in `defaults`."""

    goal = forms.ChoiceField(
        choices=GOALS, error_messages=dict.fromkeys(("required", "invalid_choice"), "Goal: choose one of the two.")
    )
    w_cpu = _Importance("CPU")
    w_memory = _Importance("Memory")
    w_disk = _Importance("Disk I/O")
    w_network = _Importance("Network")

    def __init__(self, given: Mapping[str, Any], defaults: Options) -> None:
        super().__init__({})
        self.defaults = defaults
        self._add_fields()
        self.data = {**self.values_of(defaults), **{name: given[name] for name in self.fields if name in given}}

    def _add_fields(self) -> None:
        """Fields that are known only now."""

    @classmethod
    def values_of(cls, options: Options) -> dict[str, Any]:
        weights = {f"w_{name}": getattr(options, f"{name}_weight") for name in IMPORTANCES}
        return {"goal": options.goal.value, **weights}

    @property
    def options(self) -> Options:
        """What was entered; the defaults as long as something is wrong."""
        return self.entered() if self.is_valid() else self.defaults

    @property
    def is_changed(self) -> bool:
        return self.options != self.defaults

    @property
    def sentences(self) -> list[str]:
        """What is wrong."""
        return [str(text) for texts in self.errors.values() for text in texts]

    def weights(self) -> list[forms.BoundField]:
        return [self[f"w_{name}"] for name in IMPORTANCES]

    def entered(self) -> Options:
        weights = {f"{name}_weight": self.cleaned_data[f"w_{name}"] for name in IMPORTANCES}
        return replace(self.defaults, goal=Goal(self.cleaned_data["goal"]), **weights)


class RatingForm(ImportanceForm):
    """For one placement: goal, importances, and the load expected of its VM; no load given: what was measured."""

    load_cpu, load_disk, load_iops, load_network = (
        _Number(label, most, required=False) for _name, _field, label, _unit, most in LOADS
    )

    def loads(self) -> list[tuple[forms.BoundField, str, str]]:
        """Each field of the load, its unit, and what it counts as when only others are given."""
        return [(self[name], unit, f"{getattr(self.defaults.new_vm, field):g}") for name, field, _l, unit, _m in LOADS]

    def entered(self) -> Options:
        given = {field: self.cleaned_data[name] for name, field, *_rest in LOADS}
        known = {field: value for field, value in given.items() if value is not None}
        expected = replace(self.defaults.new_vm, **known) if known else None
        return replace(super().entered(), expected=expected)


class DefaultsForm(ImportanceForm):
    """What holds for every placement: goal, importances, the load of a new VM, and how strict each rule is."""

    load_cpu, load_disk, load_iops, load_network = (
        _Number(label, most, required=True) for _name, _field, label, _unit, most in LOADS
    )

    def _add_fields(self) -> None:
        for rule, facts in RULES.items():
            if not facts.is_locked:
                self.fields[f"rule_{rule.value}"] = _severity_field(facts.title)

    @classmethod
    def values_of(cls, options: Options) -> dict[str, Any]:
        loads = {name: f"{getattr(options.new_vm, field):g}" for name, field, *_rest in LOADS}
        rules = {f"rule_{rule.value}": options.severity(rule).value for rule in RULES}
        return {**super().values_of(options), **loads, **rules}

    def loads(self) -> list[tuple[forms.BoundField, str]]:
        return [(self[name], unit) for name, _field, _label, unit, _most in LOADS]

    def rules(self) -> list[tuple[str, forms.BoundField | None]]:
        """Each rule with its field; None for one that cannot be relaxed."""
        names = ((facts.title, f"rule_{rule.value}") for rule, facts in RULES.items())
        return [(title, self[name] if name in self.fields else None) for title, name in names]

    def entered(self) -> Options:
        loads = {field: self.cleaned_data[name] for name, field, *_rest in LOADS}
        return replace(
            super().entered(), new_vm=ExpectedLoad(**loads), severities=dict(self._severities()), expected=None
        )

    def _severities(self) -> list[tuple[Rule, Severity]]:
        """Those that differ from the rule's own."""
        chosen = [(rule, self.cleaned_data.get(f"rule_{rule.value}")) for rule in RULES]
        return [(rule, Severity(value)) for rule, value in chosen if value and value != RULES[rule].default]


def _severity_field(title: str) -> forms.ChoiceField:
    messages = dict.fromkeys(("required", "invalid_choice"), f"{title}: choose how strict the rule is.")
    return forms.ChoiceField(
        label=title, choices=[(severity.value, severity.words) for severity in Severity], error_messages=messages
    )
