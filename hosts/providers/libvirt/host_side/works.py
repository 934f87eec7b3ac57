"""Starts copies and hashes or finds them, and tells how far they are."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Callable
from typing import Any

from .copying import copy_files
from .detached import Detached, detach
from .failures import Failure
from .hashing import hash_files
from .layers import commit_layers
from .pace import write_limit
from .private_files import made_tag_folder, tag_folder, write_replaced
from .records import is_own, new_record, record_path, records_of, settled_record, work_of
from .serve import servings_of

_WORK_ID = re.compile(r"[a-z0-9-]+\Z")
_KINDS = ("commit-layers", "copy-file", "hash-file")


def start_works(root: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Orders: {work_id, kind, lane, path}, of a copy also {destination, address, port, fingerprint, token}. Those of a
    lane are done one after the other in one process. Raises AlreadyExists before any is begun."""
    tag = asked["tag"]
    folder = tag_folder(root, tag)
    works = [_Work(folder, tag, order) for order in asked["orders"]]
    due = [work for work in works if work.is_due()]
    for work in due:
        work.confirm_destination()
    made_tag_folder(root, tag)
    write_limit(folder, asked["limit_bytes_per_s"])
    _begin(folder, tag, due)
    return {"works": [work_of(work.record) for work in works]}


def list_works(root: str, asked: dict[str, Any]) -> dict[str, Any]:
    records = [record for record in records_of(root, asked["tag"]) if record["kind"] != "create-disk"]
    return {"works": [work_of(record) for record in records], "servings": servings_of(root, asked["tag"])}


def _begin(folder: str, tag: str, due: list[_Work]) -> None:
    """All processes are made before the first is told to go: their records name them."""
    lanes: dict[str, list[_Work]] = {}
    for work in due:
        lanes.setdefault(work.lane, []).append(work)
    processes: dict[str, Detached] = {}
    try:
        for name, works in lanes.items():
            processes[name] = detach(_body(folder, tag, works))
        for work in due:
            work.note(processes[work.lane])
        for process in processes.values():
            process.go()
    finally:
        for process in processes.values():
            process.give_up()


def _body(folder: str, tag: str, works: list[_Work]) -> Callable[[], None]:
    orders = [work.order for work in works]
    if orders[0]["kind"] == "hash-file":
        return lambda: hash_files(folder, orders)
    if orders[0]["kind"] == "commit-layers":
        return lambda: commit_layers(folder, orders)
    return lambda: copy_files(folder, tag, orders)


class _Work:
    """An order with its record. Raises Refused for an id that is no file name or a kind that is not known."""

    def __init__(self, folder: str, tag: str, order: dict[str, Any]) -> None:
        if not _WORK_ID.match(order["work_id"]) or order["kind"] not in _KINDS:
            raise Failure("Refused", f"There can be no work {order['work_id']!r} of the kind {order['kind']!r}.")
        self.order = order
        self.lane = "{kind} {lane}".format(**order)
        self._path = record_path(folder, order["work_id"])
        self._tag = tag
        self._previous = settled_record(self._path)
        self.record: dict[str, Any] = self._previous or new_record(order["work_id"])

    def is_due(self) -> bool:
        return self.record["state"] not in ("running", "done")

    def confirm_destination(self) -> None:
        """Raises AlreadyExists when a file stands where this work would write and it was not this work that put it
        there."""
        destination = self.order.get("destination")
        if destination and os.path.lexists(destination) and not self._is_placed():
            host = socket.gethostname()
            raise Failure("AlreadyExists", f"{destination} exists on {host} and is not of {self._tag}.")

    def note(self, process: Detached) -> None:
        """Write the record of the work while its process waits; the moment of its first beginning is kept, and what an
        unfinished file needs to be gone on with."""
        kept = ("bytes_sent", "boot", "source_stamp", "made_folders", "begun")
        record = {**new_record(self.order["work_id"]), **{name: self.record[name] for name in kept}}
        is_placed = self._is_placed()
        record.update(
            kind=self.order["kind"],
            state="running",
            digest=self.record["digest"] if is_placed else None,
            source=self.order["path"],
            destination=self.order.get("destination"),
            is_finishing=is_placed,
            begun=record["begun"] or f"{time.time_ns():020d}",
            process_id=process.pid,
            process_started=process.started,
        )
        write_replaced(self._path, json.dumps(record))
        self.record = record

    def _is_placed(self) -> bool:
        """Whether an earlier run has put its file in place, and only the last line of its record is missing."""
        destination = self.order.get("destination")
        if not destination or self.record["destination"] != destination:
            return False
        return os.path.lexists(destination) and is_own(self.record, self._tag)
