"""Reads PowerShell with tree-sitter and says what is wrong with a script, because nothing here can run it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

REFERENCE = Path(__file__).parent / "reference"
NATIVE = {"icacls.exe"}
COMMON = {"ErrorAction", "Verbose"}
AUTOMATIC = {"_", "null", "true", "false", "Matches", "LASTEXITCODE", "PSCmdlet", "PSScriptRoot", "input"}
PREFERENCES = {"ErrorActionPreference", "ProgressPreference", "WarningPreference", "WhatIfPreference"}
UNKNOWN = None  # builtin_cmdlets.json does not say of every cmdlet which parameters are switches
POSITIONAL = {"Where-Object": "FilterScript", "ForEach-Object": "Process", "New-Object": "TypeName"}
_PARSER = Parser(Language(tree_sitter_powershell.language()))


@dataclass(frozen=True, slots=True)
class Parameters:
    """The sets in which a command may be called: the mandatory names and all names of each."""

    sets: tuple[tuple[frozenset[str], frozenset[str]], ...]
    switches: frozenset[str] | None

    @property
    def names(self) -> frozenset[str]:
        return frozenset().union(*(names for _, names in self.sets))


@dataclass(slots=True)
class Command:
    """One call: its parameters, those that have a value, and the variables that were splatted into it."""

    name: str
    line: int
    given: list[str] = field(default_factory=list)
    valued: set[str] = field(default_factory=set)
    splatted: list[str] = field(default_factory=list)
    positional: int = 0
    is_expression: bool = False


def parse(text: str) -> Node:
    return _PARSER.parse(text.encode()).root_node


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, in the order of the text. Without recursion: a script has 46,000 nodes, most
    of them thirty deep, and each would be handed up through all of these."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        yield here
        waiting += reversed(here.children)


def text_of(node: Node) -> str:
    return (node.text or b"").decode()


def script_parameters(text: str) -> dict[str, bool]:
    """The param() block at the top of a script: name -> whether it is mandatory."""
    block = next((child for child in parse(text).children if child.type == "param_block"), None)
    return _parameters_below(block) if block else {}


def problems(text: str) -> list[str]:
    """All that is wrong with the text of a script, one sentence each with its line."""
    nodes = list(walk(parse(text)))
    broken = [f"line {node.start_point.row + 1}: syntax" for node in nodes if node.type == "ERROR" or node.is_missing]
    if broken:
        return broken
    known = reference() | _own_functions(nodes)
    tables = _hash_tables(nodes)
    found: list[str] = []
    for command in (_command(node) for node in nodes if node.type == "command"):
        found += [f"line {command.line}: {command.name} {what}" for what in _wrong_with(command, known, tables)]
    return found + list(_unknown_variables(nodes))


def commands(root: Node) -> list[Command]:
    return [_command(node) for node in walk(root) if node.type == "command"]


@cache
def reference() -> dict[str, Parameters]:
    """Every cmdlet a script may use: those of the modules, and the few of PowerShell itself."""
    modules: dict[str, Any] = json.loads((REFERENCE / "hyperv_cmdlets.json").read_text())
    known = {name: _documented(entry) for module in modules.values() for name, entry in module.items()}
    builtin: dict[str, str | dict[str, Any]] = json.loads((REFERENCE / "builtin_cmdlets.json").read_text())
    return known | {name: _builtin(entry) for name, entry in builtin.items()}


def _builtin(entry: str | Mapping[str, Any]) -> Parameters:
    """With its sets, or a mere list of names."""
    if isinstance(entry, str):
        return Parameters(((frozenset(), frozenset(entry.split())),), UNKNOWN)
    return _documented(entry)


def _documented(entry: Mapping[str, Any]) -> Parameters:
    sets = []
    for text in entry["sets"]:
        names = text.split()
        mandatory = frozenset(name[:-1] for name in names if name.endswith("!"))
        sets.append((mandatory, frozenset(name.rstrip("!") for name in names)))
    return Parameters(tuple(sets), frozenset(entry["switches"].split()))


def _own_functions(nodes: Iterable[Node]) -> dict[str, Parameters]:
    own = {}
    for node in nodes:
        if node.type == "function_statement":
            name = next(text_of(child) for child in node.children if child.type == "function_name")
            block = next((below for below in walk(node) if below.type == "param_block"), None)
            taken = _parameters_below(block) if block else {}
            mandatory = frozenset(one for one, is_mandatory in taken.items() if is_mandatory)
            switches = frozenset(_switches_below(block)) if block else frozenset()
            own[name] = Parameters(((mandatory, frozenset(taken)),), switches)
    return own


def _parameters_below(block: Node) -> dict[str, bool]:
    return {
        _variable(parameter): "Mandatory" in text_of(parameter).rpartition("$")[0]
        for parameter in walk(block)
        if parameter.type == "script_parameter"
    }


def _switches_below(block: Node) -> list[str]:
    return [_variable(node) for node in walk(block) if node.type == "script_parameter" and "[switch]" in text_of(node)]


def _variable(node: Node) -> str:
    return next(text_of(child)[1:] for child in node.children if child.type == "variable")


def _command(node: Node) -> Command:
    name = node.child_by_field_name("command_name")
    assert name is not None
    made = Command(text_of(name), node.start_point.row + 1, is_expression=name.type == "command_name_expr")
    elements = node.child_by_field_name("command_elements")
    last: str | None = None
    for child in elements.children if elements else []:
        if child.type == "command_parameter":
            last = text_of(child).strip().lstrip("-").rstrip(":")
            made.given.append(last)
        elif child.type not in ("command_argument_sep", "comment"):
            _add_value(made, text_of(child), last)
            last = None
    return made


def _add_value(command: Command, text: str, parameter: str | None) -> None:
    if text.startswith("@") and re.fullmatch(r"@\w+", text):
        command.splatted.append(text[1:])
    elif parameter is not None:
        command.valued.add(parameter)
    else:
        command.positional += 1


def _hash_tables(nodes: Iterable[Node]) -> dict[str, set[str]]:
    """Variables that hold a table with literal keys, for splatting: name -> keys, also those added one by one."""
    tables: dict[str, set[str]] = {}
    for node in nodes:
        if node.type != "assignment_expression":
            continue
        left, right = text_of(node.children[0]).strip(), text_of(node.children[-1]).strip()
        if re.fullmatch(r"\$\w+", left) and right.startswith("@{"):
            tables.setdefault(left[1:], set()).update(_literal_keys(node))
        elif match := re.fullmatch(r"\$(\w+)\['(\w+)'\]", left):
            tables.setdefault(match.group(1), set()).add(match.group(2))
    return tables


def _literal_keys(node: Node) -> set[str]:
    return {text_of(below).strip("'\"") for below in walk(node) if below.type == "key_expression"}


def _wrong_with(command: Command, known: Mapping[str, Parameters], tables: Mapping[str, set[str]]) -> Iterator[str]:
    if command.is_expression or command.name == ".":
        if command.name not in NATIVE and not re.match(r"^[$(]", command.name):
            yield "is neither a cmdlet nor a program that is allowed"
    elif command.name not in known:
        yield "is unknown: a misspelling, an alias, or missing in the reference"
    else:
        tabled: set[str] = set().union(*(tables.get(name, set()) for name in command.splatted))
        yield from _wrong_parameters(command, known[command.name], tabled)


def _wrong_parameters(command: Command, taken: Parameters, tabled: set[str]) -> Iterator[str]:
    given = {name for name in command.given if name not in COMMON} | tabled
    if command.positional:
        given.add(POSITIONAL.get(command.name, "(positional)"))
    yield from (f"has no parameter -{name}" for name in sorted(given - taken.names))
    if taken.switches is not UNKNOWN:
        bare = set(command.given) & taken.names - command.valued - taken.switches
        yield from (f"-{name} has no value" for name in sorted(bare))
    if given <= taken.names and not any(mandatory <= given <= names for mandatory, names in taken.sets):
        yield f"cannot be called with {', '.join(sorted(given)) or 'no parameters'}: no parameter set is like that"


def _unknown_variables(nodes: Iterable[Node]) -> Iterator[str]:
    """Variables that nothing sets: strict mode would stop the script there."""
    places = [node for node in nodes if node.type == "variable"]
    known = {one.lower() for one in AUTOMATIC | PREFERENCES} | {_plain(node) for node in places if _is_made(node)}
    for node in places:
        name = _plain(node)
        if name not in known and not name.startswith("env:"):
            yield f"line {node.start_point.row + 1}: ${name} is set nowhere"


def _plain(node: Node) -> str:
    return text_of(node).lstrip("$@").strip("{}").lower()


def _is_made(node: Node) -> bool:
    parent = node.parent
    if parent is None:
        return False
    if parent.type in ("script_parameter", "foreach_statement"):
        return True
    while parent is not None and parent.type != "left_assignment_expression":
        if parent.type in ("statement_block", "script_block", "command_elements", "argument_list"):
            return False
        parent = parent.parent
    return parent is not None and text_of(parent).strip() == text_of(node)
