"""The commands of the README: from any directory, on a path with spaces, without network once installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MANAGE = 'import sys; print("manage.py", *sys.argv[1:])'


def run(command: Path, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if key != "FERRY_VAR"} | environment
    return subprocess.run(
        [command, *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with the real commands and nothing to install: what a start costs beside the packages."""
    tree = tmp_path_factory.mktemp("a tree") / "Ferry, the console"
    shutil.copytree(ROOT / "scripts", tree / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "requirements.txt").write_text("")
    (tree / "manage.py").write_text(MANAGE)
    first = run(tree / "scripts/run", cwd=tree)
    assert first.returncode == 0, first.stderr
    assert "Installing requirements.txt" in first.stdout
    return tree


def test_run_explains_itself_from_any_directory(tmp_path: Path) -> None:
    said = run(ROOT / "scripts/run", "--help", cwd=tmp_path)

    assert said.returncode == 0
    assert "scripts/run --move [VM] [TARGET]" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ([], "serve --lab"),
        (["--port", "8123"], "serve --lab --port 8123"),
        (["--no-lab"], "serve"),
        (["--move"], "move"),
        (["--move", "DB01", "HV 02"], "move DB01 HV 02"),
    ],
)
def test_a_second_start_installs_nothing(installed: Path, tmp_path: Path, arguments: list[str], command: str) -> None:
    said = run(installed / "scripts/run", *arguments, cwd=tmp_path)

    assert said.returncode == 0, said.stderr
    assert said.stdout == f"manage.py {command}\n"


def test_a_broken_environment_is_made_anew(installed: Path) -> None:
    (installed / ".venv/bin/python").unlink()

    said = run(installed / "scripts/run", cwd=installed)

    assert "Making the virtual environment" in said.stdout
    assert said.stdout.endswith("manage.py serve --lab\n")


def test_an_interrupted_installation_is_made_anew(installed: Path) -> None:
    (installed / ".venv/unfinished").touch()

    said = run(installed / "scripts/run", cwd=installed)

    assert "Making the virtual environment" in said.stdout
    assert not (installed / ".venv/unfinished").exists()


def test_a_failed_installation_shows_the_end_of_its_log(installed: Path) -> None:
    (installed / "requirements.txt").write_text("./no-such-package\n")

    said = run(installed / "scripts/run", cwd=installed, PIP_NO_INDEX="1")
    (installed / "requirements.txt").write_text("")

    assert said.returncode == 1
    assert "pip could not install requirements.txt" in said.stderr
    assert "no-such-package" in said.stderr


def test_an_old_python_is_named_and_refused(installed: Path, tmp_path: Path) -> None:
    pretend = "import sys; sys.version_info, sys.version = (3, 9, 2), '3.9.2 (main)'; exec(sys.stdin.read())"
    old = tmp_path / "python3"
    old.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{pretend}"\n')
    old.chmod(0o755)

    said = run(installed / "scripts/run", cwd=installed, PATH=f"{tmp_path}:{os.environ['PATH']}")

    assert said.returncode == 1
    assert said.stderr == "Ferry needs Python 3.11 or newer; python3 is 3.9.2. Install a newer one.\n"
    assert said.stdout == ""
