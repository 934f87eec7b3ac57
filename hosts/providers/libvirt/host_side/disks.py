"""Disks as qemu-img knows them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import time
from typing import Any

from .failures import Failure
from .files import make_folders, stamp_of
from .private_files import made_tag_folder, put_in_place
from .records import Progress, is_own, partial_of


def chain(_root: str, asked: dict[str, Any]) -> dict[str, Any]:
    """From the base up. -U: a VM may have the files open."""
    path = asked["path"]
    os.stat(path)  # raises FileNotFoundError, of which qemu-img speaks in the host's language
    text = qemu_img("info", "-U", "--backing-chain", "--output=json", "-f", asked["format"], path)
    return {"layers": [_layer(layer) for layer in reversed(json.loads(text))]}


def _layer(told: dict[str, Any]) -> dict[str, Any]:
    path = told["filename"]
    facts = os.stat(path) if os.path.exists(path) else None
    return {
        "path": path,
        "format": told["format"],
        "virtual_size_bytes": told["virtual-size"],
        "backing_path": told.get("full-backing-filename", told.get("backing-filename")),
        "backing_format": told.get("backing-filename-format"),
        "size_bytes": facts.st_size if facts else 0,
        "allocated_bytes": facts.st_blocks * 512 if facts else told.get("actual-size", 0),
        "stamp": stamp_of(facts) if facts else "",
    }


def create_disk(root: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Made under another name and then given its own: qemu-img would write over what is there. The record of a work
    that is done says whose the disk is."""
    path, tag = asked["path"], asked["tag"]
    progress = Progress(made_tag_folder(root, tag), "disk-" + hashlib.sha256(os.fsencode(path)).hexdigest()[:16])
    if os.path.lexists(path):
        if is_own(progress.record, tag):
            return {}
        raise Failure("AlreadyExists", f"{path} exists on {socket.gethostname()} and is not of {tag}.")
    made = make_folders(os.path.dirname(path))
    about = {"kind": "create-disk", "destination": path, "begun": str(time.time_ns())}
    progress.record.update(about, made_folders=made, bytes_total=asked["size_bytes"])
    progress.write()
    qemu_img("create", "-q", "-f", asked["format"], partial_of(path, tag), str(asked["size_bytes"]))
    progress.record["is_finishing"] = True
    progress.write()
    put_in_place(partial_of(path, tag), path)
    progress.record["state"] = "done"
    progress.write()
    return {}


def qemu_img(*words: str) -> str:
    """What it prints. Raises Failure with its own words."""
    program = shutil.which("qemu-img")
    if program is None:
        raise Failure("NotAHypervisor", f"qemu-img is missing on {socket.gethostname()}.")
    done = subprocess.run([program, *words], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        kind = "NotEnoughSpace" if "No space left" in said else "Refused"
        raise Failure(kind, said or f"qemu-img ended with code {done.returncode}.")
    return done.stdout.decode("utf-8", "surrogateescape")
