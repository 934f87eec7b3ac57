"""`scripts/run --move`: a move without a browser, proved, with the exit code that a script can trust."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.hyperv.control import Lab
from lab.hyperv.spec import small_spec

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def var(migrated_var: Path) -> Iterator[Path]:
    lab = Lab.create(migrated_var / "lab", small_spec())
    yield migrated_var
    lab.destroy()


def move(var: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "move", *arguments]
    environment = os.environ | {"FERRY_VAR": str(var)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_it_moves_the_vm_proves_it_and_ends_with_0(var: Path) -> None:
    moved = move(var)

    assert moved.returncode == 0, moved.stdout + moved.stderr
    assert re.search(r"^3\.2 .* 100 % .* Copy the disks", moved.stdout, re.MULTILINE)
    assert re.search(r"^Outage: [\d.]+ s by the job, [\d.]+ s seen from outside; expected ", moved.stdout, re.MULTILINE)
    assert "Proved." in moved.stdout
    assert "\x1b" not in moved.stdout
    assert not any(host.is_up() for host in Lab.open(var / "lab").hosts())


def test_a_target_that_cannot_take_the_vm_is_refused_with_its_reason_and_1(var: Path) -> None:
    refused = move(var, "WEB01", "HV03")

    assert refused.returncode == 1
    assert "HV03 has processors of AuthenticAMD" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert Lab.open(var / "lab").host("HV01").has_vm("WEB01")


def test_a_vm_that_does_not_exist_is_named_with_those_that_do(var: Path) -> None:
    refused = move(var, "NOBODY")

    assert refused.returncode == 1
    assert refused.stderr == "No host has a virtual machine NOBODY. There are: APP01, ARCHIVE01, DB01, WEB01.\n"
