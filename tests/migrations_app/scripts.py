"""Plans whose scripts are looked at, and how PowerShell reads what stands in single quotes."""

from __future__ import annotations

import re
from dataclasses import replace

from hosts.providers.types import AdapterPlacement, VmState
from migrations_app.engine.plan import DiskFolder, Plan
from migrations_app.script import Surroundings, script_for

AROUND = Surroundings("hv01.lab.example", "hv02.lab.example")
HOLDING = replace(AROUND, holds=True)
RUNNING = Plan(
    vm_uid="6f1c2d34-5b6a-4c7d-8e9f-0a1b2c3d4e5f",
    vm_name="WEB01",
    vm_state=VmState.RUNNING,
    fingerprint="0123456789abcdef",
    source_name="HV01",
    target_name="HV02",
    source_folder="D:\\VMs\\WEB01",
    folder="E:\\VMs\\WEB01",
    disks=(
        DiskFolder("SCSI 0:0", "E:\\VMs\\WEB01\\Virtual Hard Disks"),
        DiskFolder("SCSI 0:1", "F:\\Data\\WEB01\\Virtual Hard Disks"),
    ),
    adapters=(AdapterPlacement("a1", "LAN"), AdapterPlacement("a2", None)),
    memory_mb=1024,
    disk_bytes=1 << 30,
    total_low_s=60,
    total_high_s=120,
    outage_low_s=5,
    outage_high_s=32,
    deadline_s=300,
)
OFF = replace(RUNNING, vm_state=VmState.OFF)
SCRIPTS = {
    "running": script_for(RUNNING, AROUND),
    "running, no rounds": script_for(replace(RUNNING, max_rounds=0), AROUND),
    "running, eight rounds": script_for(replace(RUNNING, max_rounds=8), AROUND),
    "holding": script_for(RUNNING, HOLDING),
    "off": script_for(OFF, AROUND),
    "saved": script_for(replace(RUNNING, vm_state=VmState.SAVED), AROUND),
}

_QUOTES = "'\u2018\u2019\u201a\u201b"
_BY_NUMBER = re.compile(r"\[char\]0x([0-9A-F]{4})|\[char\]::ConvertFromUtf32\(0x([0-9A-F]+)\)")


def read_literal(text: str) -> tuple[str, str]:
    """What PowerShell makes of the literal that begins `text`, and what follows it (see about_Quoting_Rules)."""
    if not text.startswith("("):
        return _read_quoted(text)
    value, rest = _read_quoted(text[1:])
    while rest.startswith(" + "):
        rest = rest[3:]
        if by_number := _BY_NUMBER.match(rest):
            value, rest = value + chr(int(by_number[1] or by_number[2], 16)), rest[by_number.end() :]
        else:
            more, rest = _read_quoted(rest)
            value += more
    assert rest.startswith(")"), rest[:40]
    return value, rest[1:]


def _read_quoted(text: str) -> tuple[str, str]:
    """Ends at the first quote that no other follows; of two, one is meant."""
    assert text[0] == "'"
    value, at = "", 1
    while True:
        if text[at] in _QUOTES:
            if text[at + 1 : at + 2] not in tuple(_QUOTES):
                return value, text[at + 1 :]
            at += 1
        value += text[at]
        at += 1
