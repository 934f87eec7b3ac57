"""Folders that a person may give: an absolute one on a volume, and nothing cleverer."""

from __future__ import annotations

import re

from hosts.path_parts import DEVICES, FORBIDDEN, why_not_part

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAX_LENGTH = 180
_SYSTEM_FOLDERS = ("/proc", "/sys", "/dev", "/boot", "/etc", "/bin", "/sbin", "/lib", "/usr/bin", "/usr/lib")


def why_not_folder(text: str, *, is_posix: bool = False) -> str:
    """Why `text` is no folder of a host to put a VM into, as a sentence; empty when it is one."""
    return _why_not_posix(text) if is_posix else _why_not_windows(text)


def _why_not_posix(text: str) -> str:
    if not text.startswith("/"):
        return "Give a folder from the root on, such as /var/lib/libvirt/images."
    if len(text) > _MAX_LENGTH:
        return f"The path is longer than {_MAX_LENGTH} characters."
    if text.strip("/") == "" or f"{text}/".startswith(tuple(f"{each}/" for each in _SYSTEM_FOLDERS)):
        return f"{text} belongs to the operating system; give a folder for virtual machines."
    if any(part in ("", ".", "..") for part in text[1:].rstrip("/").split("/")):
        return "The path must not contain empty parts, . or .. between its slashes."
    if _CONTROL.search(text):
        return "A folder name cannot contain control characters."
    return ""


def _why_not_windows(text: str) -> str:
    if not re.match(r"^[A-Za-z]:\\", text):
        return "Give a folder with its drive, such as D:\\VMs; network paths and device names are not possible."
    if len(text) > _MAX_LENGTH:
        return f"The path is longer than {_MAX_LENGTH} characters."
    for part in text[3:].rstrip("\\").split("\\"):
        if reason := why_not_part(part):
            return reason
    return ""


def folder_name(vm_name: str) -> str:
    """The VM's name as a folder name: what Windows forbids becomes an underscore."""
    name = FORBIDDEN.sub("_", vm_name).replace("\\", "_").strip(" .")[:80].strip(" .")
    return f"_{name}" if not name or DEVICES.match(name) else name
