"""Windows paths of an emulated host and the real files they stand for: "D:\\VMs\\a.vhdx" is <host>/D/VMs/a.vhdx."""

from __future__ import annotations

import re
from pathlib import Path

from lab.hyperv.refusal import Refused

_DRIVE = re.compile(r"^([A-Za-z]):\\")
_UNC = re.compile(r"^\\\\([^\\]+)\\([A-Za-z])\$\\(.+)$")
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')
_DEVICES = re.compile(r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$", re.IGNORECASE)


class DriveFolders:
    """The drives of one host: each letter is a folder below `root`. Names compare without case, as on NTFS."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def real(self, path: str) -> Path:
        """The real file of a Windows path. Raises Refused for what Windows or this lab does not allow."""
        drive, parts = split_path(path)
        found = self.root / drive
        if not found.is_dir():
            raise Refused("NotFound", f"Cannot find drive {drive}: of '{path}'.", "ObjectNotFound")
        for part in parts:
            found = _child(found, part)
        return found

    def windows(self, real: Path) -> str:
        """The Windows path of a real file below the root."""
        drive, *parts = real.relative_to(self.root).parts
        return f"{drive}:\\" + "\\".join(parts)


def folders_in(drives: DriveFolders, path: str) -> list[str]:
    """The names of the folders in a Windows folder. Raises Refused, by Windows' code for a path that is not there."""
    folder = drives.real(path)
    if not folder.is_dir():
        raise Refused("NotFound", f"Could not find a part of the path '{path}'.", "ObjectNotFound")
    return sorted((each.name for each in folder.iterdir() if each.is_dir()), key=str.lower)


def split_path(path: str) -> tuple[str, tuple[str, ...]]:
    """Drive letter and names of an absolute Windows path; `..`, device names and forbidden characters are refused."""
    text = path.replace("/", "\\")
    match = _DRIVE.match(text)
    if match is None:
        raise Refused("PathNotValid", f"'{path}' is not an absolute path with a drive letter.", "InvalidArgument")
    parts = tuple(part for part in text[match.end() :].split("\\") if part)
    for part in parts:
        if part.strip(". ") == "" or part != part.rstrip(". ") or _FORBIDDEN.search(part) or _DEVICES.match(part):
            raise Refused("PathNotValid", f"'{part}' is no name for a file in '{path}'.", "InvalidArgument")
    return match.group(1).upper(), parts


def split_unc(location: str) -> tuple[str, str]:
    r"""(server, path on it) of a location in an administrative share such as \\127.3.0.1\D$\VMs\a.vhdx."""
    match = _UNC.match(location)
    if match is None:
        raise Refused("PathNotValid", f"'{location}' is not a file in an administrative share.", "InvalidArgument")
    return match.group(1), f"{match.group(2).upper()}:\\{match.group(3)}"


def _child(folder: Path, name: str) -> Path:
    exact = folder / name
    if exact.exists() or not folder.is_dir():
        return exact
    lowered = name.lower()
    return next((entry for entry in folder.iterdir() if entry.name.lower() == lowered), exact)
