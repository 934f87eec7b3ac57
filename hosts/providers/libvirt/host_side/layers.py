"""Layers that came from another host, or are merged while their VM is off, and a saved state put in its place."""

from __future__ import annotations

import errno
import json
import os
from typing import Any

from .disks import chain, qemu_img
from .failures import Failure
from .private_files import sync_folder
from .records import Progress


def rebase_chain(root: str, asked: dict[str, Any]) -> dict[str, Any]:
    """{layers, format}: the base first. Each copied layer names the other host's path of the one below it; it is told
    the path here. No data is read. Returns the chain as `chain` does."""
    layers, layer_format = asked["layers"], asked["format"]
    for number in range(len(layers) - 1, 0, -1):
        told = json.loads(qemu_img("info", "-U", "--output=json", "-f", layer_format, layers[number]))
        below = told.get("backing-filename-format")
        if below is None:
            raise Failure("Incompatible", f"{layers[number]} does not say of which format {layers[number - 1]} is.")
        if told.get("backing-filename") != layers[number - 1]:
            qemu_img("rebase", "-u", "-f", layer_format, "-F", below, "-b", layers[number - 1], layers[number])
        layer_format = below
    return chain(root, {"path": layers[-1], "format": asked["format"]})


def move_file(_root: str, asked: dict[str, Any]) -> dict[str, Any]:
    """{source, destination}: a name on another file system becomes a link to the file, which may be large and is needed
    at once. Nothing when it was moved before."""
    source, destination = asked["source"], asked["destination"]
    if not os.path.lexists(source) and os.path.exists(destination):
        return {}
    if os.path.exists(destination):
        if os.path.samefile(source, destination):
            return {}
        raise Failure("AlreadyExists", f"{destination} is there already.")
    try:
        os.rename(source, destination)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        os.symlink(source, destination)
    sync_folder(os.path.dirname(destination))
    return {}


def commit_layers(folder: str, orders: list[dict[str, Any]]) -> None:
    """Body of detached works: everything from the layer at `path` down to the one above `base` is written into `base`.
    The layers stay whole, so that a commit that was cut off is simply done again."""
    for order in orders:
        progress = Progress(folder, order["work_id"])
        try:
            qemu_img("commit", "-q", "-d", "-f", "qcow2", "-b", order["base"], order["path"])
        except Exception as error:  # noqa: BLE001 - top of a detached process: whatever it was, its record tells
            progress.fail(error)
        else:
            progress.record["state"] = "done"
            progress.write()
