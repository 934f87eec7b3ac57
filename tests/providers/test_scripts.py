"""Every PowerShell script parses, uses only cmdlets and parameters that exist, and fits what the provider sends."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hosts.providers import errors, types
from hosts.providers.hyperv import provider as provider_module
from hosts.providers.hyperv.provider import DEADLINES_S, HyperVProvider
from hosts.providers.hyperv.script_text import SCRIPTS, SHARED, script_text
from hosts.providers.types import CopyOrder, HashOrder
from tests.providers.powershell import parse, problems, script_parameters, text_of, walk
from tests.providers.samples import CLAIM, ENDPOINT, REGISTRATION, TAG, TOP, UID, RecordingShell

FOLDER = Path(provider_module.__file__).parent
ALL = sorted(FOLDER.rglob("*.ps1"))
VERBS = sorted(path.stem for path in SCRIPTS.glob("*.ps1"))
BODIES = ["copy-file", "hash-file"]
READING = ["get-vm", "inspect-host", "list-folders", "list-works", "sample-host"]
VM_TYPES = ["Vm", "Disk", "DiskLayer", "Adapter", "Checkpoint", "StateFile"]
HOST_TYPES = ["HostFacts", "Volume", "Network", "HostLoad", "VmLoad", "Work"]

CALLS: list[Callable[[HyperVProvider], object]] = [
    lambda host: host.inspect(),
    lambda host: host.sample(),
    lambda host: host.folders("D:\\VMs"),
    lambda host: host.find_vm(UID),
    lambda host: host.mark(UID, TAG, hold=True),
    lambda host: host.unmark(UID, TAG),
    lambda host: host.checkpoint(UID, f"{TAG}-1"),
    lambda host: host.save(UID, TAG),
    lambda host: host.start(UID, TAG),
    lambda host: host.merge_checkpoints(UID, TAG),
    lambda host: host.register(REGISTRATION),
    lambda host: host.remove_vm(UID, TAG),
    lambda host: host.delete_files([TOP], TAG),
    lambda host: host.start_works(
        TAG, [CopyOrder("disk-0-0", host.share(TOP), "E:\\x.avhdx"), HashOrder("hash-disk-0-0", TOP)]
    ),
    lambda host: host.works(TAG),
    lambda host: host.clear_traces(TAG, destinations=["E:\\x.avhdx"]),
    lambda host: host.start_vm(UID),
    lambda host: host.shut_down(UID),
    lambda host: host.save_vm(UID),
    lambda host: host.turn_off(UID),
]


def sent() -> list[tuple[str, dict[str, object], float]]:
    """What the provider runs when each of its methods is called once."""
    shell = RecordingShell()
    for call in CALLS:
        host = HyperVProvider(ENDPOINT, shell)
        host.claim(CLAIM)
        call(host)
    return shell.runs


def tables_in(text: str) -> list[set[str]]:
    """The key sets of all tables with literal keys."""
    bodies = [node for node in walk(parse(text)) if node.type == "hash_literal_body"]
    entries = [[child for child in body.children if child.type == "hash_entry"] for body in bodies]
    return [{text_of(entry.children[0]) for entry in found} for found in entries]


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_file_is_ascii_parses_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_bytes().decode("ascii")

    assert [node for node in walk(parse(text)) if node.type == "ERROR" or node.is_missing] == []
    assert re.match(r"# [A-Z].{30,}", text)


@pytest.mark.parametrize("verb", VERBS)
def test_every_script_uses_only_what_exists(verb: str) -> None:
    assert problems(script_text(verb)) == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_script_stops_on_errors_and_stays_on_its_host(verb: str) -> None:
    text = script_text(verb)

    assert "$ErrorActionPreference = 'Stop'" in text
    assert "$PSScriptRoot" not in text
    assert not re.search(r"-(ComputerName|CimSession)\b|\$(script|global):", text)


@pytest.mark.parametrize("verb", sorted({*VERBS} - {*BODIES, *READING}))
def test_every_script_that_changes_something_enters_the_fence_first_and_keeps_it(verb: str) -> None:
    (body,) = [child for child in parse(script_text(verb)).children if child.type == "statement_list"]
    done = [text_of(each) for each in body.children if each.type not in ("comment", "function_statement")]
    settings = ("$ErrorActionPreference = ", "Set-StrictMode ", "$receiver = @'", "$limitName = ")

    assert next(each for each in done if not each.startswith(settings)) == "$fence = Enter-Fence -Claim $Claim"
    assert "$fence =" not in "".join(done).replace("$fence = Enter-Fence", "")


@pytest.mark.parametrize("verb", VERBS)
def test_every_header_names_the_type_it_fills(verb: str) -> None:
    header = " ".join(line.lstrip("# ") for line in script_text(verb).partition("param(")[0].splitlines())
    named = re.findall(r"hosts\.providers\.types\.(\w+)", header)

    assert [name for name in named if not hasattr(types, name)] == []
    assert named or "fills no type" in header or "fills the Sequence[str]" in header


def test_the_bootstrap_and_the_receiver_of_a_work_use_only_what_exists() -> None:
    receiver = re.search(r"\$receiver = @'\n(.*?)\n'@", script_text("start-works"), re.DOTALL)

    assert receiver is not None
    assert problems(receiver.group(1)) == []
    assert problems((FOLDER / "bootstrap.ps1").read_text()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Get-VM -Idd 'x'", "line 1: Get-VM has no parameter -Idd"),
        ("Get-VHD -Pat 'x'", "line 1: Get-VHD has no parameter -Pat"),
        ("$x = @{ Path = 'a'; Parent = 'b' }\nSet-VHD @x", "line 2: Set-VHD has no parameter -Parent"),
        ("Compare-VM -Register", "line 1: Compare-VM cannot be called with Register: no parameter set is like that"),
        ("Get-VM -Id", "line 1: Get-VM -Id has no value"),
        ("Get-VMM", "line 1: Get-VMM is unknown: a misspelling, an alias, or missing in the reference"),
        ("gci 'D:'", "line 1: gci is unknown: a misspelling, an alias, or missing in the reference"),
        ("Get-VM -Id $vmid", "line 1: $vmid is set nowhere"),
        ("function Get-A { param($B) }\nGet-A -C 1", "line 2: Get-A has no parameter -C"),
        ("if ($true) {", "line 1: syntax"),
    ],
)
def test_the_checker_finds_a_mistake(text: str, said: str) -> None:
    assert said in problems(text)


def test_every_script_is_run_by_the_provider_or_is_the_body_of_a_work_and_has_a_deadline() -> None:
    runs = sent()

    assert sorted({verb for verb, _, _ in runs} | set(BODIES)) == VERBS
    assert sorted(DEADLINES_S) == sorted(set(VERBS) - set(BODIES))
    assert all(deadline_s == DEADLINES_S[verb] for verb, _, deadline_s in runs)


def test_the_provider_sends_exactly_the_parameters_that_a_script_takes() -> None:
    wrong = [
        (verb, sorted(parameters), sorted(taken))
        for verb, parameters, _ in sent()
        if set(parameters) != set(taken := script_parameters(script_text(verb)))
    ]

    assert wrong == []


@pytest.mark.parametrize("kind", BODIES)
def test_a_work_gets_exactly_the_parameters_that_its_body_reads(kind: str) -> None:
    (call,) = [parameters for verb, parameters, _ in sent() if verb == "start-works"]
    assert isinstance(call["Orders"], list)
    assert isinstance(call["Scripts"], dict)
    (given,) = [order["parameters"] for order in call["Orders"] if order["kind"] == kind]

    assert call["Scripts"][kind] == script_text(kind)
    assert list(script_parameters(script_text(kind))) == ["Works"]
    assert {*given, "ProgressPath"} == set(re.findall(r"\$work\.(\w+)", script_text(kind)))


@pytest.mark.parametrize("name", VM_TYPES + HOST_TYPES)
def test_some_script_makes_exactly_the_fields_of_the_type(name: str) -> None:
    fields = {field.name for field in dataclasses.fields(getattr(types, name))}

    assert fields in [table for path in ALL for table in tables_in(path.read_text())]


def test_every_error_that_a_script_names_is_one_that_the_console_knows() -> None:
    texts = [path.read_text() for path in ALL]
    named = {kind for text in texts for kind in re.findall(r"-ErrorId '(\w+)'|return '([A-Z]\w+)'", text)}
    kinds = {kind for pair in named for kind in pair if kind}

    assert {"NotFound", "WrongState", "AlreadyExists", "Incompatible", "NotAHypervisor", "NotEnoughMemory"} <= kinds
    assert [kind for kind in sorted(kinds) if not hasattr(errors, kind)] == []


def test_every_shared_file_is_used() -> None:
    used = {
        name for verb in VERBS for name in re.findall(r"shared\\([a-z]+)\.ps1", (SCRIPTS / f"{verb}.ps1").read_text())
    }

    assert used == {path.stem for path in SHARED.glob("*.ps1")}
