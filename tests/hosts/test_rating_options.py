"""Options go into a plain dict and come back the same; nonsense is refused with a sentence for each mistake."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from hosts.models import PlacementDefaults
from hosts.placement_defaults import placement_defaults, save_placement_defaults
from hosts.rating_options import OptionsRefused, options_dict, options_from
from hosts.rating_types import ExpectedLoad, Goal, Options
from hosts.rules import RULES, Rule, Severity

weight = st.integers(0, 10)
figure = st.floats(0, 1e6)
load = st.builds(ExpectedLoad, st.floats(0, 100), figure, figure, figure)
changeable = st.sampled_from([rule for rule, facts in RULES.items() if not facts.is_locked])
changed = st.dictionaries(changeable, st.sampled_from(Severity)).map(
    lambda levels: {rule: level for rule, level in levels.items() if level is not RULES[rule].default}
)


@given(
    st.builds(
        Options, st.sampled_from(Goal), weight, weight, weight, weight, load, st.none() | load, severities=changed
    )
)
def test_options_come_back_as_they_were_put_in(options: Options) -> None:
    assert options_from(json.loads(json.dumps(options_dict(options)))) == options


def test_what_is_not_given_is_as_by_default() -> None:
    assert options_from({}) == Options()
    assert options_from({"cpu_weight": 0, "memory_weight": 0, "disk_weight": 0, "network_weight": 0}).memory_weight == 0


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"colour": "red"}, "colour"),
        ({"goal": "fastest"}, "goal"),
        ({"cpu_weight": 11}, "cpu_weight"),
        ({"cpu_weight": -1}, "cpu_weight"),
        ({"cpu_weight": 5.5}, "cpu_weight"),
        ({"cpu_weight": True}, "cpu_weight"),
        ({"new_vm": {"cpu_percent": 101}}, "new_vm.cpu_percent"),
        ({"new_vm": {"disk_gb": float("nan")}}, "new_vm.disk_gb"),
        ({"new_vm": {"size": 1}}, "new_vm.size"),
        ({"new_vm": None}, "new_vm"),
        ({"expected": {"disk_iops": -1}}, "expected.disk_iops"),
        ({"severities": []}, "severities"),
        ({"severities": {"weather": "off"}}, "severities.weather"),
        ({"severities": {"memory": "sometimes"}}, "severities.memory"),
        ({"severities": {"cpu-vendor": "off"}}, "severities.cpu-vendor"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(given: dict[str, Any], key: str) -> None:
    with pytest.raises(OptionsRefused) as refused:
        options_from(given)

    assert list(refused.value.problems) == [key]
    assert refused.value.problems[key].endswith(".")


def test_placement_defaults_are_one_row(admin: User) -> None:
    assert placement_defaults() == Options()

    for cpu_weight in (7, 9):
        wanted = Options(cpu_weight=cpu_weight, severities={Rule.MEMORY: Severity.FAVOR}, expected=ExpectedLoad())
        save_placement_defaults(wanted, admin)

    kept = placement_defaults()
    assert (kept.cpu_weight, kept.severity(Rule.MEMORY), kept.expected) == (9, Severity.FAVOR, None)
    assert PlacementDefaults.objects.get().saved_by == admin
