"""The record of a detached work: one JSON file on its host, with the fields that the real scripts write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab.hyperv.layout import HostFolder
from lab.hyperv.refusal import Refused
from lab.json_files import read_json, write_json
from lab.process_start import process_start

COPY_FILE = "copy-file"
HASH_FILE = "hash-file"
_STATES = ("running", "done", "failed", "lost")
_WORKS = "C:\\ProgramData\\Ferry"


@dataclass(slots=True)
class WorkRecord:
    """`state`: a value of types.WorkState. `is_finishing`: the unfinished file is whole and about to get its name."""

    work_id: str
    kind: str
    state: str
    source: str
    destination: str | None
    begun: str
    process_id: int
    process_started: int
    bytes_done: int = 0
    bytes_total: int = 0
    digest: str | None = None
    error_kind: str | None = None
    error: str | None = None
    bytes_sent: int = 0
    is_finishing: bool = False


@dataclass(frozen=True, slots=True)
class AskedWork:
    """One of the orders that start-works gets. Those of a `lane` and kind share a process.

    `parameters`: what the script of its kind reads of each work, a password among them.
    """

    work_id: str
    kind: str
    lane: int
    parameters: Mapping[str, Any] = field(repr=False)

    @property
    def source(self) -> str:
        return str(self.parameters["Source" if self.kind == COPY_FILE else "Path"])

    @property
    def destination(self) -> str | None:
        return str(self.parameters["Destination"]) if self.kind == COPY_FILE else None


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """What a process gets on stdin of each of its works. `order` holds the parameters, the password among them."""

    lab_root: str
    host: str
    kind: str
    record_file: str
    order: dict[str, Any]

    def __repr__(self) -> str:
        return f"WorkOrder({self.kind!r}, {self.record_file!r})"


def packed(parent_pid: int, orders: Sequence[WorkOrder]) -> str:
    """The line that a process reads: who made it, and its works in the order in which it does them."""
    return json.dumps([parent_pid, [asdict(order) for order in orders]]) + "\n"


def unpacked(line: str) -> tuple[int, list[WorkOrder]]:
    parent_pid, orders = json.loads(line)
    return parent_pid, [WorkOrder(**order) for order in orders]


def work_folder(tag: str) -> str:
    return f"{_WORKS}\\{tag}"


def read_record(path: Path) -> WorkRecord | None:
    """None when there is no record; one that cannot be read is that of a lost work of which only the name is known."""
    try:
        record = WorkRecord(**read_json(path))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        return _lost_record(path)
    return record if record.state in _STATES else _lost_record(path)


def _lost_record(path: Path) -> WorkRecord:
    return WorkRecord(path.stem, "", "lost", "", None, "", 0, 0)


def write_record(path: Path, record: WorkRecord) -> None:
    write_json(path, record, is_flushed=True)


def settled_record(path: Path) -> WorkRecord | None:
    """The record; one that says "running" without its process says "lost"."""
    record = read_record(path)
    if record is None or record.state != "running" or is_alive(record):
        return record
    record = read_record(path)  # it may have ended well just between
    if record is not None and record.state == "running":
        record.state = "lost"
    return record


def is_alive(record: WorkRecord) -> bool:
    return process_start(record.process_id) == str(record.process_started)


def records(folder: HostFolder, tag: str) -> list[WorkRecord]:
    """All works of a tag in the order they were begun."""
    place = folder.drives.real(work_folder(tag))
    found = [settled_record(path) for path in place.glob("*.json")] if place.is_dir() else []
    return sorted((record for record in found if record), key=lambda record: (record.begun, record.work_id))


def describe_work(record: WorkRecord) -> dict[str, Any]:
    """The fields of types.Work."""
    return {
        "work_id": record.work_id,
        "state": record.state,
        "bytes_done": record.bytes_done,
        "bytes_total": record.bytes_total,
        "digest": record.digest,
        "error_kind": record.error_kind,
        "error": record.error,
        "bytes_sent": record.bytes_sent,
    }


def shown_kind(refused: Refused) -> str:
    """The kind as the scripts report it: a sharing violation is a WrongState."""
    return "WrongState" if refused.kind == "InUse" else refused.kind
