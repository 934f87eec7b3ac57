"""The text of a script as it travels: its dot-sourced lines replaced by the files they name.

On disk the scripts run as they are; a host gets one text, because nothing is ever written there.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"
SHARED = Path(__file__).parent / "shared"
_DOT_SOURCED = re.compile(r'^\. "\$PSScriptRoot\\\.\.\\shared\\([a-z-]+)\.ps1"$', re.MULTILINE)


@cache
def script_text(name: str) -> str:
    """The whole text of scripts/<name>.ps1, shared functions included."""
    text = (SCRIPTS / f"{name}.ps1").read_text(encoding="utf-8")
    return _DOT_SOURCED.sub(lambda line: (SHARED / f"{line.group(1)}.ps1").read_text(encoding="utf-8"), text)
