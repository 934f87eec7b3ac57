"""The text of a script as it travels: its dot-sourced lines replaced by the files they name.

On disk the scripts run as they are; a host gets one text, because nothing is ever written there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"
SHARED = Path(__file__).parent / "shared"
_DOT_SOURCED = re.compile(r'^\. "\$PSScriptRoot\\\.\.\\shared\\([a-z-]+)\.ps1"$', re.MULTILINE)


@cache
def script_text(name: str) -> str:
    """The whole text of scripts/<name>.ps1, shared functions included."""
    return _DOT_SOURCED.sub(lambda line: _shared(line.group(1)), _script(name))


def function_library(names: Iterable[str]) -> str:
    """These scripts as functions, for one session that runs several; shared functions are there once.

    "get-vm" is called ferry-get-vm: a function get-vm would stand before the cmdlet.
    """
    texts = {name: _script(name) for name in names}
    shared = dict.fromkeys(each for text in texts.values() for each in _DOT_SOURCED.findall(text))
    functions = [
        f"function ferry-{name} {{\n{_DOT_SOURCED.sub('', text).strip()}\n}}\n" for name, text in texts.items()
    ]
    return "\n".join([*(_shared(each) for each in shared), *functions])


def _script(name: str) -> str:
    return (SCRIPTS / f"{name}.ps1").read_text(encoding="utf-8")


def _shared(name: str) -> str:
    return (SHARED / f"{name}.ps1").read_text(encoding="utf-8")
