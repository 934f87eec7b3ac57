"""The PowerShell behind "View script": made from the Plan that the job runs, to be run without Ferry.

Its course follows the recipe: a step with the key "copy-rest" is the function Step-CopyRest of
powershell/steps/copy-rest.ps1, and Undo-CopyRest takes it back. On the hosts it runs the very scripts of the verbs.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from hosts.models import Host
from hosts.providers.hyperv.script_text import function_library
from migrations_app.engine.plan import Plan
from migrations_app.engine.recipes import Recipe, recipe_for
from migrations_app.engine.step import Step
from migrations_app.schedule import Schedule

PARTS = Path(__file__).parent / "powershell"
VERBS = (
    "inspect-host",
    "get-vm",
    "mark-vm",
    "unmark-vm",
    "checkpoint-vm",
    "save-vm",
    "start-vm",
    "merge-checkpoints",
    "register-vm",
    "remove-vm",
    "delete-files",
)
BYTE_ORDER_MARK = "\ufeff"
_SLOT = re.compile(r"'<([a-z_ ]+)>'")
_QUOTE = re.compile("['\u2018\u2019\u201a\u201b]")
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a script needs beside the plan: under which names the hosts are reached, and when a move that holds may
    be paused."""

    source_host: str
    target_host: str
    holds: bool = False
    cut_over_from: datetime | None = None
    cut_over_until: datetime | None = None


def surroundings(source: Host, target: Host, schedule: Schedule) -> Surroundings:
    names = _name_of(source), _name_of(target)
    return Surroundings(*names, schedule.holds, schedule.cut_over_from, schedule.cut_over_until)


def why_no_script(plan: Plan, *kinds: str) -> str:
    """Why there is no script for this move between hosts of these kinds; "" when there is one."""
    other = next((kind for kind in kinds if kind != Host.Kind.HYPERV), None)
    if other is None:
        is_quick = not (plan.is_live or plan.streams_state)
        return "" if is_quick else "There is a script for quick migrations only."
    name = dict(Host.Kind.choices).get(other, other)
    return f"There is a script for moves between Hyper-V hosts only; one of these hosts is of the kind {name}."


def script_for(plan: Plan, around: Surroundings) -> str:
    """One .ps1 with all that it needs, lines ended by a line feed; the same for the same plan."""
    recipe = recipe_for(plan, holds=around.holds)
    library = function_library(VERBS) + "\n" + _part("on_host")
    parts = [
        _fill(_part("head"), _parameters(plan, around)),
        _course(recipe),
        *(_part(f"steps/{key}") for key in dict.fromkeys(step.key for _, step in recipe)),
        _part("proofs"),
        *([_part("checkpoints")] if plan.was_running else []),
        _part("files"),
        _part("running"),
        _part("hosts"),
        _fill(_part("library"), {"functions": library}),
        _part("begin"),
    ]
    return "\n".join(parts)


def as_file(script: str) -> bytes:
    """As Windows PowerShell 5.1 wants a file that is not all ASCII: UTF-8 with its mark, lines ended as on Windows."""
    return (BYTE_ORDER_MARK + script.replace("\n", "\r\n")).encode()


def file_name(plan: Plan) -> str:
    """Letters, digits and hyphens, whatever the VM is called: "move-WEB01-to-HV02.ps1"."""
    vm, target = (re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40] for name in (plan.vm_name, plan.target_name))
    return f"move-{vm or 'vm'}-to-{target or 'host'}.ps1"


def quoted(text: str) -> str:
    """A literal that PowerShell reads as exactly this text.

    Inside single quotes nothing is special but a quote, of which PowerShell knows five. What a reader would not see, or
    would see elsewhere than it stands (controls, line ends, marks of direction), is written by its number.
    """
    if not any(map(_is_hidden, text)):
        return _QUOTE.sub(r"\g<0>\g<0>", text).join("''")
    pieces = [
        " + ".join(map(_by_number, part)) if is_hidden else quoted("".join(part))
        for is_hidden, part in groupby(text, _is_hidden)
    ]
    return f"('' + {' + '.join(pieces)})"


def _name_of(host: Host) -> str:
    """Remoting signs in with Kerberos, which knows names and no addresses."""
    try:
        ipaddress.ip_address(host.address)
    except ValueError:
        return host.address
    return host.computer_name or host.name


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN


def _by_number(char: str) -> str:
    return f"[char]0x{ord(char):04X}" if ord(char) < 0x10000 else f"[char]::ConvertFromUtf32(0x{ord(char):X})"


def _part(name: str) -> str:
    return (PARTS / f"{name}.ps1").read_text(encoding="utf-8")


def _fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its slots, such as '<vm_name>', replaced in one go: what a value holds is no slot."""
    return _SLOT.sub(lambda slot: values[slot.group(1)], text)


def _parameters(plan: Plan, around: Surroundings) -> dict[str, str]:
    return {
        "vm_id": quoted(plan.vm_uid),
        "vm_name": quoted(plan.vm_name),
        "vm_state": quoted(plan.vm_state.value),
        "source_host": quoted(around.source_host),
        "target_host": quoted(around.target_host),
        "source_folder": quoted(plan.source_folder),
        "target_folder": quoted(plan.folder),
        "disk_folders": _table((disk.location, disk.folder) for disk in plan.disks),
        "networks": _table((adapter.adapter_id, adapter.network_name) for adapter in plan.adapters),
        "max_rounds": str(plan.max_rounds),
        "limit_bytes_per_s": str(plan.limit_bytes_per_s),
        "outage_deadline_s": str(max(1, round(plan.deadline_s))),
        "cut_over_from": _moment(around.cut_over_from),
        "cut_over_until": _moment(around.cut_over_until),
        "keep_source_files": "$true" if plan.keeps_source_files else "$false",
    }


def _table(rows: Iterable[tuple[str, str | None]]) -> str:
    lines = [f"        {quoted(key)} = {'$null' if value is None else quoted(value)}\n" for key, value in rows]
    return "[ordered]@{\n" + "".join(lines) + "    }"


def _moment(at: datetime | None) -> str:
    """PowerShell turns it into the time of the machine that it runs on."""
    return "$null" if at is None else f"([datetime]'{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}')"


def _course(recipe: Recipe) -> str:
    """Up to the start on the target, after it, and back."""
    keys = [step.key for _, step in recipe]
    middle = keys.index("verify")
    undone = [step for step in dict.fromkeys(step for _, step in reversed(recipe)) if type(step).undo is not Step.undo]
    text = _repeated(_part("course"), "step until the target has it", map(_line, recipe[:middle]))
    text = _repeated(text, "step after that", map(_line, recipe[middle:]))
    return _repeated(text, "undone step", map(_undo_line, undone))


def _line(entry: tuple[str, Step]) -> dict[str, str]:
    number, step = entry
    name = quoted(_pascal(step.key))
    return {
        "number": quoted(number),
        "title": quoted(step.title),
        "step until the target has it": name,
        "step after that": name,
    }


def _undo_line(step: Step) -> dict[str, str]:
    return {"undone step": quoted(_pascal(step.key)), "can wait": "$true" if step.undo_can_wait else "$false"}


def _repeated(text: str, slot: str, rows: Iterable[Mapping[str, str]]) -> str:
    """The text with the line that has this slot once for each row."""
    (line,) = [line for line in text.splitlines(keepends=True) if f"'<{slot}>'" in line]
    return text.replace(line, "".join(_fill(line, row) for row in rows))


def _pascal(key: str) -> str:
    """ "copy-rest" as "CopyRest": the step's functions in PowerShell are Step-CopyRest and Undo-CopyRest."""
    return "".join(word.capitalize() for word in key.split("-"))
