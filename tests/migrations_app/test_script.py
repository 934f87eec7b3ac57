"""The script of a move: it parses, calls only what exists, and goes the way of the job. Nothing here can run it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tree_sitter import Node

from hosts.models import Host
from hosts.providers.hyperv.script_text import script_text
from hosts.providers.types import AdapterPlacement
from migrations_app.engine.plan import DiskFolder, Plan
from migrations_app.engine.recipes import Recipe, recipe_for
from migrations_app.engine.step import Step
from migrations_app.script import PARTS, VERBS, as_file, file_name, quoted, script_for, why_no_script
from tests.migrations_app.scripts import AROUND, HOLDING, OFF, RUNNING, SCRIPTS, read_literal
from tests.providers.powershell import commands, parse, problems, reference, script_parameters, text_of, walk

READING = {"inspect-host", "get-vm"}
RECIPES: dict[str, Recipe] = {
    "running": recipe_for(RUNNING),
    "holding": recipe_for(RUNNING, holds=True),
    "off": recipe_for(OFF),
}
CHANGES = {"Invoke-Change", "Copy-Proved", "Save-Record"}
NASTY = [
    "'; Remove-Item C:\\ -Recurse; '",
    "\u2019; Remove-Item C:\\; \u2018",
    "$(Stop-Computer)",
    "`n`$x",
    'a"b',
    "line\r\nbreak # <#",
    "#> param($x) <#",
    "'@\n\"@",
    "\u202eexe.tfe\u202c",
    "\x00\x1b[2J\u2028\u0085",
    "'<vm_id>'",
    "\U000e0041\ud800 ',-foo",
    "Ölmühle 東京 🚢",
]
TEXTS = st.one_of(st.sampled_from(NASTY), st.text(), st.text(alphabet="'\u2018\u2019\u201a\u201b`$();\n\u202e\"<>ab"))


def pascal(key: str) -> str:
    return key.title().replace("-", "")


def functions(text: str) -> dict[str, Node]:
    """The functions of the script itself, without those that run on the hosts."""
    found = [child for child in walk(parse(text.partition("$OnHosts = {")[0])) if child.type == "function_statement"]
    return {next(text_of(child) for child in node.children if child.type == "function_name"): node for node in found}


def calls(node: Node) -> set[str]:
    """The functions that are named in this one; a step is called by the name that it is given."""
    named = {command.name for command in commands(node)}
    steps = {f"Step-{name}" for name in re.findall(r"Invoke-Step .* -Step '(\w+)'", text_of(node))}
    return named | steps


@cache
def shape(text: str) -> Counter[str]:
    """How much of what a script consists of: commands, functions, assignments."""
    return Counter(node.type for node in walk(parse(text)) if not node.type.startswith(("expandable", "additive")))


def with_text(text: str) -> Plan:
    """The plan of a VM, folders, slots and networks that are called so."""
    disks = (DiskFolder(f"0{text}", text), DiskFolder(f"1{text}", text))
    adapters = (AdapterPlacement(f"0{text}", text), AdapterPlacement(f"1{text}", None))
    plan = replace(RUNNING, vm_uid=text, vm_name=text, source_folder=text, folder=text, disks=disks, adapters=adapters)
    return replace(plan, source_name=text, target_name=text)


@pytest.mark.parametrize("which", SCRIPTS)
def test_a_script_parses_and_uses_only_what_exists(which: str) -> None:
    assert problems(SCRIPTS[which]) == []


@pytest.mark.parametrize("which", RECIPES)
def test_a_script_goes_through_the_steps_of_its_recipe(which: str) -> None:
    lines = re.findall(r"Invoke-Step -Number '(.+)' -Title '(.+)' -Step '(\w+)'", SCRIPTS[which])

    assert lines == [(number, step.title, pascal(step.key)) for number, step in RECIPES[which]]


@pytest.mark.parametrize("which", RECIPES)
def test_a_script_takes_back_what_the_job_takes_back_and_in_its_order(which: str) -> None:
    lines = re.findall(r"Invoke-Undo -Step '(\w+)' -CanWait \$(true|false)", SCRIPTS[which])

    undone = [step for _, step in reversed(RECIPES[which]) if type(step).undo is not Step.undo]
    assert lines == [(pascal(step.key), str(step.undo_can_wait).lower()) for step in undone]
    assert {f"Undo-{name}" for name, _ in lines} == {name for name in functions(SCRIPTS[which]) if "Undo-" in name[:5]}


def test_after_the_start_a_script_only_goes_forward() -> None:
    course = text_of(functions(SCRIPTS["running"])["Move-Forward"])
    before, after = course.split("\n    }\n")

    assert re.findall(r"-Step '(\w+)'", before)[-1] == "Start"
    assert re.findall(r"-Step '(\w+)'", after) == ["Verify", "Merge", "RemoveSource", "Finish"]


def test_every_step_of_a_recipe_has_its_part_and_every_part_its_step() -> None:
    keys = {step.key for recipe in RECIPES.values() for _, step in recipe}

    assert {path.stem for path in (PARTS / "steps").glob("*.ps1")} == keys
    for which, recipe in RECIPES.items():
        assert {f"Step-{pascal(step.key)}" for _, step in recipe} <= set(functions(SCRIPTS[which]))


@pytest.mark.parametrize("which", RECIPES)
def test_every_step_asks_before_it_changes_anything(which: str) -> None:
    own = functions(SCRIPTS[which])
    asking = {name for name, node in own.items() if "if (-not (Confirm-Step " in text_of(node)}
    merging = {"Step-Merge"} & set(own)

    assert {name for name in own if name.startswith("Step-")} - asking - merging == {"Step-CheckAgain"}
    for name in asking - {"Invoke-UndoOnly"}:
        statements = [line.strip() for line in text_of(own[name]).splitlines()[1:]]
        first = next(line for line in statements if line and not line.startswith(("#", "$action = ")))
        assert re.fullmatch(r"if \(-not \(Confirm-Step .*\)\) \{ return \}", first), name


@pytest.mark.parametrize("which", RECIPES)
def test_nothing_is_changed_but_behind_that_question(which: str) -> None:
    """Followed from the course: what asks first is not entered. The way back is only gone after something has begun."""
    own, seen = functions(SCRIPTS[which]), set[str]()
    asking = {name for name, node in own.items() if "Confirm-Step -On" in text_of(node)}
    open_ends = ["Move-Forward"]
    while open_ends:
        name = open_ends.pop()
        seen.add(name)
        open_ends += [each for each in calls(own[name]) if each in own and each not in seen | asking | {"Confirm-Step"}]

    assert not seen & CHANGES
    assert {"Step-CheckAgain", "Get-TargetObstacle", "Invoke-OnHost"} <= seen
    assert "$Move.Begun.Count -gt 0) { Invoke-WayOut" in text_of(own["Start-Move"])


def test_what_is_called_on_a_host_gets_exactly_what_it_takes() -> None:
    text = SCRIPTS["running"]
    pattern = r"(Invoke-OnHost|Invoke-Change) -On \S+ -Call '([a-z-]+)'(?: -With (@\{.*?\}))?"
    called = re.findall(pattern, text, re.DOTALL)

    assert {verb for _, verb, _ in called} == {*VERBS, "digest-file"}
    for way, verb, table in called:
        if verb == "digest-file":
            continue
        keys = set(re.findall(r"(?:@\{|;|\n)\s*(\w+) = ", table)) | ({"Claim"} if way == "Invoke-Change" else set())
        assert keys == set(script_parameters(script_text(verb))), verb
        assert (verb in READING) == (way == "Invoke-OnHost"), verb


@pytest.mark.parametrize("which", SCRIPTS)
def test_no_function_stands_before_a_cmdlet_of_its_name(which: str) -> None:
    """PowerShell knows no case: a function get-vm would be called for Get-VM."""
    nodes = [node for node in walk(parse(SCRIPTS[which])) if node.type == "function_name"]
    cmdlets = {name.lower() for name in reference()}

    assert [text_of(node) for node in nodes if text_of(node).lower() in cmdlets] == []


@given(TEXTS)
def test_powershell_reads_a_quoted_text_as_it_was(text: str) -> None:
    assert read_literal(quoted(text)) == (text, "")


@given(TEXTS)
def test_no_name_and_no_path_becomes_code(text: str) -> None:
    script = script_for(with_text(text), AROUND)
    head, plain = (parameters_of(each) for each in (script, SCRIPTS["running"]))

    assert read_literal(head.partition("$VmName = ")[2])[0] == text
    assert script.partition("$ErrorActionPreference")[2] == SCRIPTS["running"].partition("$ErrorActionPreference")[2]
    assert list(names_in(head)) == list(names_in(plain))


def parameters_of(script: str) -> str:
    return script.partition("\nparam(")[2].partition("    # What marks everything")[0]


def names_in(head: str) -> Iterator[str]:
    """What stands outside of all literals, and once a table how many rows it has."""
    while head:
        before, quote, after = head.partition("'")
        is_sum = before.endswith("(") and after.startswith("' + ")
        yield before[:-1] if is_sum else before
        head = read_literal("(" * is_sum + quote + after)[1] if quote else ""


@pytest.mark.parametrize("text", NASTY)
def test_a_nasty_name_leaves_the_script_whole_and_readable(text: str) -> None:
    script = script_for(with_text(text), AROUND)

    assert problems(script) == []
    assert all(line.isprintable() for line in script.split("\n"))
    assert shape(script)["command"] == shape(SCRIPTS["running"])["command"]


def test_a_script_is_made_of_nothing_but_its_plan() -> None:
    assert script_for(RUNNING, AROUND) == script_for(RUNNING, AROUND)
    assert script_for(replace(RUNNING, fingerprint="f", total_s=9), AROUND) == SCRIPTS["running"]
    assert "WEB01" not in script_for(with_text("X"), AROUND)


def test_the_plan_stands_in_the_parameters() -> None:
    head = script_for(replace(RUNNING, limit_bytes_per_s=5_000_000, keeps_source_files=True), AROUND).partition(")\n$")[
        0
    ]

    assert "$SourceHost = 'hv01.lab.example'" in head
    assert "'SCSI 0:1' = 'F:\\Data\\WEB01\\Virtual Hard Disks'" in head
    assert "'a1' = 'LAN'\n        'a2' = $null\n" in head
    assert "$LimitBytesPerS = 5000000," in head
    assert "$KeepSourceFiles = $true," in head


def test_the_tag_of_a_run_is_never_that_of_a_job() -> None:
    assert "[ValidatePattern('^ferry-[0-9]{17}$')]" in SCRIPTS["running"]


def test_a_file_is_what_windows_powershell_reads() -> None:
    lines = as_file(script_for(with_text("Ölmühle"), HOLDING))

    assert lines.startswith(b"\xef\xbb\xbf<#\r\n.SYNOPSIS")
    assert lines.count(b"\n") == lines.count(b"\r\n")
    assert "'Ölmühle'" in lines.decode("utf-8-sig")


@given(st.text())
def test_a_file_has_a_name_that_every_system_takes(text: str) -> None:
    assert re.fullmatch(r"move-[A-Za-z0-9-]{1,40}-to-[A-Za-z0-9-]{1,40}\.ps1", file_name(with_text(text)))


def test_other_hosts_than_hyper_v_have_no_script() -> None:
    hyper_v = Host.Kind.HYPERV

    assert why_no_script(RUNNING, hyper_v, hyper_v) == ""
    assert "of the kind This machine" in why_no_script(RUNNING, hyper_v, Host.Kind.THIS_MACHINE)
    assert "of the kind KVM" in why_no_script(RUNNING, Host.Kind.LIBVIRT, hyper_v)
    assert "quick migrations only" in why_no_script(replace(RUNNING, is_live=True), hyper_v, hyper_v)
    assert "quick migrations only" in why_no_script(replace(RUNNING, streams_state=True), hyper_v, hyper_v)
