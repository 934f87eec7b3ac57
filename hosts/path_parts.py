"""What a folder may be called on Windows: no device, no stream of a file, nothing that Windows would read otherwise."""

from __future__ import annotations

import re

DEVICES = re.compile(r"^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$)(\.|$)", re.IGNORECASE)
FORBIDDEN = re.compile(r'[<>:"/|?*\x00-\x1f]')


def why_not_part(part: str) -> str:
    """Why no folder is called so, as a sentence; empty when one may be."""
    if part in ("", ".", ".."):
        return "The path must not contain empty parts, . or .. between its backslashes."
    if FORBIDDEN.search(part):
        return f'A folder name cannot contain any of < > : " / | ? * ({part}).'
    if DEVICES.match(part):
        return f"{part} is a device name of Windows."
    if part != part.strip(" ") or part.endswith("."):
        return f"A folder name cannot begin or end with a space, or end with a dot ({part})."
    return ""
