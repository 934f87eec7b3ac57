"""The detached works of a host as its verbs see them: begun or found, listed, stopped, cleared away."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.hyperv.layout import process_start
from lab.hyperv.machine import Machine
from lab.hyperv.refusal import Refused
from lab.hyperv.removal import delete_files
from lab.hyperv.workrecord import (
    COPY_FILE,
    AskedWork,
    WorkOrder,
    WorkRecord,
    describe_work,
    records,
    settled_record,
    work_folder,
    write_record,
)

COPIER_MODULE = "lab.hyperv.copier"
_HELD_FOR_S = 30.0
_AGAIN_S = 0.1


class Works:
    """One per host. The processes end with the host, as in a power loss; their records stay."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._folder = machine.folder
        self._lock = threading.Lock()
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, tag: str, asked: Sequence[AskedWork]) -> list[dict[str, Any]]:
        """Find each work when it runs or is done, else begin it, or take it up again; in the order asked for.

        Raises Refused AlreadyExists before any is begun.
        """
        folder = self._folder.drives.real(work_folder(tag))
        with self._lock:
            self._reap()
            found = {work.work_id: settled_record(folder / f"{work.work_id}.json") for work in asked}
            known = {work_id: record for work_id, record in found.items() if record is not None}
            due = [work for work in asked if not _is_kept(found[work.work_id])]
            for work in due:
                self._check_destination(work, known.get(work.work_id))
            folder.mkdir(parents=True, exist_ok=True)
            known |= self._begin(folder, due, known)
        return [describe_work(known[work.work_id]) for work in asked]

    def listed(self, tag: str) -> list[dict[str, Any]]:
        self._reap_now()
        return [describe_work(record) for record in records(self._folder, tag)]

    def stop(self, tag: str) -> None:
        """End the tag's processes and wait until they are gone."""
        running = {record.process_id for record in records(self._folder, tag) if record.state == "running"}
        with self._lock:
            for process in [process for process in self._processes if process.pid in running]:
                process.kill()
                process.wait()
            self._reap()

    def clear(self, tag: str, *, keep_files: bool) -> None:
        """Stop the tag's works, delete what they made unless told to keep it, and forget them.

        Raises Refused WrongState when a file is needed by a VM or held for too long.
        """
        self.stop(tag)
        made = [] if keep_files else [path for record in records(self._folder, tag) for path in _made(record, tag)]
        deadline = time.monotonic() + _HELD_FOR_S
        while held := delete_files(self._machine, made):
            if time.monotonic() > deadline:
                raise Refused("WrongState", f"{held[0]} is still in use.", "ResourceBusy")
            time.sleep(_AGAIN_S)
        folder = self._folder.drives.real(work_folder(tag))
        if folder.is_dir():
            shutil.rmtree(folder)

    def _check_destination(self, work: AskedWork, found: WorkRecord | None) -> None:
        if work.destination is None or not self._folder.drives.real(work.destination).exists():
            return
        if found is None or not found.is_finishing or found.destination != work.destination:
            raise Refused("AlreadyExists", f"{work.destination} exists on {self._folder.name}.", "ResourceExists")

    def _begin(self, folder: Path, due: Sequence[AskedWork], known: Mapping[str, WorkRecord]) -> dict[str, WorkRecord]:
        """All processes are made before the first is told what to do, so that their start-ups overlap."""
        begun: dict[str, WorkRecord] = {}
        with ExitStack() as inputs:
            made = [(work, self._machine.children.start(COPIER_MODULE, [])) for work in due]
            self._processes += [process for _, process in made]
            stdins = [inputs.enter_context(process.stdin) for _, process in made if process.stdin]
            for (work, process), stdin in zip(made, stdins, strict=True):
                record_file = folder / f"{work.work_id}.json"
                begun[work.work_id] = _new_record(work, process.pid, known.get(work.work_id))
                write_record(record_file, begun[work.work_id])
                stdin.write(self._order(work, record_file).packed())
                stdin.flush()
        return begun

    def _order(self, work: AskedWork, record_file: Path) -> WorkOrder:
        lab_root, host = str(self._folder.lab_root), self._folder.name
        return WorkOrder(lab_root, host, os.getpid(), work.kind, str(record_file), dict(work.parameters))

    def _reap_now(self) -> None:
        with self._lock:
            self._reap()

    def _reap(self) -> None:
        self._processes = [process for process in self._processes if process.poll() is None]


def _is_kept(record: WorkRecord | None) -> bool:
    return record is not None and record.state in ("running", "done")


def _new_record(work: AskedWork, process_id: int, previous: WorkRecord | None) -> WorkRecord:
    """The record of a work that begins; the moment of its first beginning is kept."""
    return WorkRecord(
        work_id=work.work_id,
        kind=work.kind,
        state="running",
        source=work.source,
        destination=work.destination,
        begun=previous.begun if previous else datetime.now(UTC).isoformat(),
        process_id=process_id,
        process_started=int(process_start(process_id) or 0),
        digest=previous.digest if previous and previous.is_finishing else None,
        is_finishing=bool(previous and previous.is_finishing),
    )


def _made(record: WorkRecord, tag: str) -> list[str]:
    """What a copy made: the unfinished file always, the finished one only if the work put it there."""
    if record.kind != COPY_FILE or record.destination is None:
        return []
    own = [record.destination] if record.state == "done" or record.is_finishing else []
    return [f"{record.destination}.{tag}", *own]
