"""Rules about the tree itself that no linter knows: sizes, documented settings, one importing module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = ("console", "hosts", "migrations_app", "lab", "scripts", "tests")
PRODUCT = ("console", "hosts", "migrations_app", "lab")
LINES = 300
SETTINGS = 40


def files(suffix: str, folders: tuple[str, ...] = CODE) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob(f"*{suffix}"))


def importers(package: str) -> set[str]:
    pattern = re.compile(rf"^\s*(import|from) {package}\b", re.MULTILINE)
    return {str(path.relative_to(ROOT)) for path in files(".py", PRODUCT) if pattern.search(path.read_text())}


@pytest.mark.parametrize("suffix", [".py", ".ps1"])
def test_no_file_is_longer_than_300_lines(suffix: str) -> None:
    written = [path for path in files(suffix) if "migrations" not in path.parts]
    long = {str(path.relative_to(ROOT)): lines for path in written if (lines := _lines(path)) > LINES}

    assert long == {}


def test_no_script_or_style_of_ours_is_longer_than_a_screenful_of_screens() -> None:
    own = [path for suffix in (".js", ".css") for path in files(suffix, ("static",))]

    assert {str(path.relative_to(ROOT)): _lines(path) for path in own if _lines(path) > 2 * LINES} == {}


def test_every_python_file_says_why_it_exists() -> None:
    silent = [path for path in files(".py") if (text := path.read_text()).strip() and not text.startswith('"""')]

    assert [str(path.relative_to(ROOT)) for path in silent if "migrations" not in path.parts] == []


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    read = re.findall(r'_(?:text|list|int|networks)\("([A-Z_]+)"', (ROOT / "console/settings.py").read_text())
    documented = re.findall(r"^\| `FERRY_([A-Z_]+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)

    assert sorted(read) == sorted(documented)
    assert len(set(read)) < SETTINGS


def test_the_environment_is_read_in_settings_only() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in files(".py", ("console", "hosts", "migrations_app"))
        if re.search(r"os\.(environ|getenv)\b(?!\.setdefault)", path.read_text())
    }

    assert readers == {"console/settings.py"}


def test_only_the_shell_and_its_connection_know_pywinrm() -> None:
    folder = "hosts/providers/hyperv"

    assert importers("winrm") <= {f"{folder}/winrm_shell.py", f"{folder}/winrm_connection.py"}


def test_one_module_knows_the_icons() -> None:
    assert importers("lucide") == {"console/templatetags/icons.py"}


def test_one_module_knows_daphne_and_one_knows_embedded_celery() -> None:
    assert importers("daphne") == {"console/server.py"}
    assert importers("celery.beat") == {"console/embedded.py"}


def test_no_template_bears_inline_script_or_style() -> None:
    inline = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|hx-on|javascript:")
    bare = {path: re.sub(r"{%.*?%}|{{.*?}}", "", path.read_text()) for path in files(".html", ("templates",))}

    assert [str(path.relative_to(ROOT)) for path, html in bare.items() if inline.search(html)] == []


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())
