"""The record of a detached piece of work: one JSON file that the work writes and the console's calls read."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from .failures import failure_of
from .private_files import read_text, tag_folder, write_replaced
from .processes import is_alive

_EVERY_S = 0.5
_STATES = ("running", "done", "failed", "lost")
_KINDS = ("NotFound", "AlreadyExists", "WrongState", "NotEnoughSpace", "AccessDenied", "HostUnreachable")


def new_record(work_id: str) -> dict[str, Any]:
    """All fields; as it stands, all that is known of a work whose record cannot be read: its name.

    `boot` and `source_stamp`: when and of what the unfinished file was written; without them it begins anew.
    """
    return {
        "work_id": work_id,
        "kind": "",
        "state": "lost",
        "bytes_done": 0,
        "bytes_total": 0,
        "digest": None,
        "error_kind": None,
        "error": None,
        "bytes_sent": 0,
        "source": "",
        "destination": None,
        "is_finishing": False,
        "begun": "",
        "process_id": 0,
        "process_started": "",
        "boot": "",
        "source_stamp": "",
        "made_folders": [],
    }


def record_path(folder: str, work_id: str) -> str:
    return os.path.join(folder, work_id + ".json")


def read_record(path: str) -> dict[str, Any] | None:
    """None when there is none; a lost one when it cannot be read."""
    text = read_text(path)
    if text is None:
        return None
    lost = new_record(os.path.basename(path)[: -len(".json")])
    try:
        record = json.loads(text)
    except ValueError:
        return lost
    is_whole = isinstance(record, dict) and set(lost) <= set(record) and record["state"] in _STATES
    return record if is_whole else lost


def settled_record(path: str) -> dict[str, Any] | None:
    """A record that says "running" without its process says "lost". Read again after its process was found gone: it
    may have ended well just between."""
    record = read_record(path)
    if record is None or record["state"] != "running" or is_working(record):
        return record
    record = read_record(path)
    if record is not None and record["state"] == "running":
        record["state"] = "lost"
    return record


def is_working(record: dict[str, Any]) -> bool:
    return is_alive(record["process_id"], record["process_started"])


def records_of(root: str, tag: str) -> list[dict[str, Any]]:
    """Those of a job in the order they were begun."""
    folder = tag_folder(root, tag)
    names = os.listdir(folder) if os.path.isdir(folder) else []
    found = [settled_record(os.path.join(folder, name)) for name in names if name.endswith(".json")]
    return sorted((record for record in found if record is not None), key=lambda one: (one["begun"], one["work_id"]))


def work_of(record: dict[str, Any]) -> dict[str, Any]:
    """hosts.providers.types.Work."""
    shown = ("work_id", "state", "bytes_done", "bytes_total", "digest", "error_kind", "error", "bytes_sent")
    return {name: record[name] for name in shown}


def partial_of(destination: str, tag: str) -> str:
    """The unfinished file."""
    return f"{destination}.{tag}"


def is_own(record: dict[str, Any], tag: str) -> bool:
    """Whether the file at the record's destination was put there by this work: it says that it is done, or it was
    about to name its unfinished file and did. While the unfinished file is another one, what stands at the destination
    is somebody else's that came meanwhile."""
    destination = record["destination"]
    if not destination:
        return False
    return record["state"] == "done" or bool(record["is_finishing"] and is_named(destination, tag))


def is_named(destination: str, tag: str) -> bool:
    """Whether the unfinished file has its name, or both (put_in_place was cut off between the two)."""
    partial = partial_of(destination, tag)
    if not os.path.lexists(partial):
        return os.path.lexists(destination)
    return os.path.lexists(destination) and os.path.samestat(os.lstat(partial), os.lstat(destination))


class Progress:
    """The record of the work that runs in this process."""

    def __init__(self, folder: str, work_id: str) -> None:
        self._path = record_path(folder, work_id)
        self.record = read_record(self._path) or new_record(work_id)
        self._written_at = 0.0

    def advance(self, bytes_done: int, bytes_sent: int = 0) -> None:
        """Written at most twice a second: a lost record of progress costs nothing."""
        self.record["bytes_done"] = bytes_done
        self.record["bytes_sent"] += bytes_sent
        if time.monotonic() - self._written_at >= _EVERY_S:
            self.write(durable=False)

    def write(self, *, durable: bool = True) -> None:
        self._written_at = time.monotonic()
        write_replaced(self._path, json.dumps(self.record), durable=durable)

    def fail(self, error: Exception) -> None:
        """What a work leaves behind that cannot go on: a kind of errors.py and a sentence."""
        failure = failure_of(error)
        self.record["state"] = "failed"
        self.record["error_kind"] = failure.kind if failure.kind in _KINDS else "Refused"
        self.record["error"] = failure.message
        self.write()
