"""Rating options as a plain dict and back, for forms, for the database and for the job that keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any

from hosts.rating_types import ExpectedLoad, Goal, Options
from hosts.rules import RULES, Rule, Severity

WEIGHTS = ("cpu_weight", "memory_weight", "disk_weight", "network_weight")
MOST = 1e9
_LOADS = ("new_vm", "expected")
_LOAD_FIELDS = tuple(field.name for field in fields(ExpectedLoad))


class OptionsRefused(ValueError):
    """`problems`: key of the option, such as "cpu_weight" or "new_vm.disk_gb" -> a sentence."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


def options_dict(options: Options) -> dict[str, Any]:
    """As JSON takes it; `options_from` reads it. A severity that a locked rule does not heed is left out."""
    heeded = {rule: level for rule, level in sorted(options.severities.items()) if not RULES[rule].is_locked}
    return {
        "goal": options.goal.value,
        **{name: getattr(options, name) for name in WEIGHTS},
        "new_vm": asdict(options.new_vm),
        "expected": asdict(options.expected) if options.expected else None,
        "severities": {rule.value: level.value for rule, level in heeded.items()},
    }


def options_from(given: Mapping[str, Any]) -> Options:
    """What is not given is as by default. Raises OptionsRefused with everything that is wrong."""
    if problems := dict(_problems(given)):
        raise OptionsRefused(problems)
    expected = given.get("expected")
    severities = {Rule(name): Severity(level) for name, level in given.get("severities", {}).items()}
    return Options(
        goal=Goal(given.get("goal", Goal.LOAD_BALANCE)),
        **{name: given[name] for name in WEIGHTS if name in given},
        new_vm=ExpectedLoad(**given.get("new_vm", {})),
        expected=ExpectedLoad(**expected) if expected is not None else None,
        severities={rule: level for rule, level in severities.items() if level is not RULES[rule].default},
    )


def _problems(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    known = {"goal", *WEIGHTS, *_LOADS, "severities"}
    for name in given:
        if name not in known:
            yield str(name), f"There is no option named {name}."
    if given.get("goal", Goal.LOAD_BALANCE) not in list(Goal):
        yield "goal", f"The goal is one of {', '.join(Goal)}."
    for name in WEIGHTS:
        value = given.get(name, 0)
        if type(value) is not int or not 0 <= value <= 10:
            yield name, "An importance is a whole number from 0 to 10."
    yield from _problems_of_loads(given)
    yield from _problems_of_severities(given.get("severities", {}))


def _problems_of_loads(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for load in _LOADS:
        values = given.get(load, {})
        if values is None and load == "expected":
            continue
        if not isinstance(values, Mapping):
            yield load, "The expected load is a table of figures."
            continue
        for name, value in values.items():
            if name not in _LOAD_FIELDS:
                yield f"{load}.{name}", f"There is no expected load named {name}."
            elif type(value) not in (int, float) or not 0 <= value <= (100 if name == "cpu_percent" else MOST):
                limit = "from 0 to 100" if name == "cpu_percent" else "that is not negative"
                yield f"{load}.{name}", f"The expected load is a number {limit}."


def _problems_of_severities(given: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(given, Mapping):
        yield "severities", "The severities are a table of rules."
        return
    for name, level in given.items():
        key = f"severities.{name}"
        if name not in list(Rule):
            yield key, f"There is no rule named {name}."
        elif level not in list(Severity):
            yield key, f"A severity is one of {', '.join(Severity)}."
        elif RULES[Rule(name)].is_locked and level != RULES[Rule(name)].default:
            yield key, "A move against this rule cannot succeed, so it must be met."
