"""Deletes a job's files, never one that a VM of this host uses or a process has open, and the folders left empty."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from typing import Any

from .failures import Failure
from .private_files import sync_folder, tag_folder, write_replaced
from .processes import end
from .records import is_own, is_working, partial_of, record_path, records_of
from .serve import end_servings, serving_processes

_HELD_S = 30.0
_KEPT = ("/", "/var/lib/libvirt/images", "/var/lib/libvirt/qemu/save")


def delete_files(root: str, asked: dict[str, Any]) -> dict[str, Any]:
    """{paths, used, kept_folders, tag}. Our own processes that have a file open do not count."""
    _confirm_unused(asked["paths"], asked["used"])
    held = _delete(asked["paths"], _own_processes(root, asked["tag"]))
    _remove_empty([os.path.dirname(path) for path in asked["paths"]], asked["kept_folders"])
    return {"in_use": held}


def clear_traces(root: str, asked: dict[str, Any]) -> dict[str, Any]:
    """{tag, keep_files, destinations, used, kept_folders}. Raises WrongState while a work does not end or a file is in
    use; a repeated call goes on."""
    tag = asked["tag"]
    for record in records_of(root, tag):
        if record["state"] == "running":
            end(record["process_id"], record["process_started"], f"The work {record['work_id']} of {tag}")
    end_servings(root, tag)
    if not asked["keep_files"]:
        _remove_made(root, tag, asked)
    folder = tag_folder(root, tag)
    if os.path.isdir(folder):
        shutil.rmtree(folder)
    return {}


def _remove_made(root: str, tag: str, asked: dict[str, Any]) -> None:
    records = [record for record in records_of(root, tag) if record["destination"]]
    made = sorted({*_made(root, tag, records), *(partial_of(path, tag) for path in asked["destinations"])})
    _confirm_unused(made, asked["used"])
    deadline = time.monotonic() + _HELD_S
    held = _delete(made, set())
    while held and time.monotonic() < deadline:
        time.sleep(0.25)
        held = _delete(held, set())
    if held:
        raise Failure("WrongState", f"{held[0]} is still in use on {socket.gethostname()}.")
    folders = [folder for record in records for folder in record["made_folders"]]
    _remove_empty([*folders, *(os.path.dirname(path) for path in made)], asked["kept_folders"])


def _made(root: str, tag: str, records: list[dict[str, Any]]) -> Iterator[str]:
    """What the copies made: the unfinished file always, the finished one only if the work itself put it there. A work
    that did not come to naming its file no longer says that it would: once the unfinished one is deleted, nothing else
    would tell a stranger's file at the destination from its own."""
    for record in records:
        yield partial_of(record["destination"], tag)
        if is_own(record, tag):
            yield record["destination"]
        elif record["is_finishing"]:
            path = record_path(tag_folder(root, tag), record["work_id"])
            write_replaced(path, json.dumps({**record, "is_finishing": False}))


def _confirm_unused(paths: list[str], used: list[str]) -> None:
    """By the files themselves: one may have several names."""
    names, there = set(used), {_identity(path) for path in used} - {None}
    for path in paths:
        if path in names or _identity(path) in there:
            text = f"A virtual machine registered on {socket.gethostname()} uses {path}; nothing was deleted."
            raise Failure("WrongState", text)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _own_processes(root: str, tag: str) -> set[int]:
    return serving_processes(root, tag) | {one["process_id"] for one in records_of(root, tag) if is_working(one)}


def _delete(paths: list[str], own: set[int]) -> list[str]:
    """Returns those that a process has open. Linux would delete them all the same, and a QEMU that has one would go on
    writing to what nobody finds again."""
    there = [path for path in paths if os.path.lexists(path)]
    held = _held({_identity(path) for path in there} - {None}, own) if there else set()
    left = [path for path in there if _identity(path) in held]
    for path in there:
        if path not in left:
            os.unlink(path)
    for folder in {os.path.dirname(path) for path in there}:
        sync_folder(folder)
    return left


def _held(wanted: set[Any], own: set[int]) -> set[Any]:
    """Those of these files that a process of this host has open, as far as we may see."""
    found = set()
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) in own:
            continue
        with contextlib.suppress(OSError):
            for descriptor in os.listdir(f"/proc/{name}/fd"):
                found.add(_identity(f"/proc/{name}/fd/{descriptor}"))
    return found & wanted


def _remove_empty(folders: list[str], kept: list[str]) -> None:
    """The innermost first; a mount point and what is not empty stay by themselves."""
    stay = {os.path.normpath(folder) for folder in (*kept, *_KEPT)}
    for folder in sorted(set(folders) - stay, key=len, reverse=True):
        with contextlib.suppress(OSError):
            os.rmdir(folder)
