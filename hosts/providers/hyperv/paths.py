"""A file of a Windows host as another Windows host names it."""

from __future__ import annotations

import re

_DRIVE_PATH = re.compile(r"^([A-Za-z]):\\(.+)$")


def admin_share_path(address: str, path: str) -> str:
    r"""`\\<address>\D$\x` for "D:\x"; a path that is UNC already stays. Raises ValueError for any other."""
    if path.startswith("\\\\"):
        return path
    match = _DRIVE_PATH.match(path)
    if match is None:
        raise ValueError(path)
    return rf"\\{_unc_host(address)}\{match.group(1).upper()}$\{match.group(2)}"


def _unc_host(address: str) -> str:
    """Colons are not allowed in a UNC path: Windows takes an IPv6 address as 2001-db8--1.ipv6-literal.net."""
    return address.replace(":", "-").replace("%", "s") + ".ipv6-literal.net" if ":" in address else address
