"""The detached works of a host as its verbs see them: begun or found, listed, stopped, cleared away."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.hyperv.machine import Machine
from lab.hyperv.pace import write_limit
from lab.hyperv.refusal import Refused
from lab.hyperv.removal import delete_files, require_settled
from lab.hyperv.workrecord import (
    COPY_FILE,
    AskedWork,
    WorkOrder,
    WorkRecord,
    describe_work,
    packed,
    records,
    settled_record,
    work_folder,
    write_record,
)
from lab.process_start import process_start

COPIER_MODULE = "lab.hyperv.copier"
_AGAIN_S = 0.1


class Works:
    """One per host. The processes end with the host, as in a power loss; their records stay."""

    def __init__(self, machine: Machine, held_for_s: float = 30.0) -> None:
        """`held_for_s`: how long to try to delete a file that somebody holds open."""
        self._machine = machine
        self._held_for_s = held_for_s
        self._folder = machine.folder
        self._lock = threading.Lock()
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, tag: str, asked: Sequence[AskedWork], limit_bytes_per_s: int) -> list[dict[str, Any]]:
        """Find each work when it runs or is done, else begin it, or take it up again; in the order asked for.

        The limit is that of all copies of the tag here, also of those that run. Raises Refused AlreadyExists before any
        is begun.
        """
        folder = self._folder.drives.real(work_folder(tag))
        with self._lock:
            self._reap()
            found = {work.work_id: settled_record(folder / f"{work.work_id}.json") for work in asked}
            known = {work_id: record for work_id, record in found.items() if record is not None}
            due = [work for work in asked if not _is_kept(found[work.work_id])]
            for work in due:
                self._check_destination(tag, work, known.get(work.work_id))
            folder.mkdir(parents=True, exist_ok=True)
            write_limit(folder, limit_bytes_per_s)
            known |= self._begin(tag, due, known)
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

    def clear(self, tag: str, *, destinations: Sequence[str] | None) -> None:
        """Stop the tag's works, delete what they made unless told to keep it (None), and forget them.

        `destinations` are all that the tag copied here: a record may be lost, but the unfinished files have names.
        Raises Refused WrongState when a file is needed by a VM or held for too long, or a VM of the tag is between
        two states.
        """
        if destinations is not None:
            require_settled(self._machine, tag)
        self.stop(tag)
        made = [] if destinations is None else sorted({*self._made(tag), *(f"{path}.{tag}" for path in destinations)})
        deadline = time.monotonic() + self._held_for_s
        while held := delete_files(self._machine, made):
            if time.monotonic() > deadline:
                raise Refused("WrongState", f"{held[0]} is still in use.", "ResourceBusy")
            time.sleep(_AGAIN_S)
        folder = self._folder.drives.real(work_folder(tag))
        if folder.is_dir():
            shutil.rmtree(folder)

    def _made(self, tag: str) -> Iterator[str]:
        """What the copies made: the unfinished file always, the finished one only if the work put it there.

        A work that did not come to its rename loses its claim for good: once its unfinished file is deleted, nothing
        else would tell a stranger's file at the destination from its own.
        """
        for record in records(self._folder, tag):
            if record.kind != COPY_FILE or record.destination is None:
                continue
            yield f"{record.destination}.{tag}"
            if self._is_own_destination(record, tag):
                yield record.destination
            elif record.is_finishing:
                record.is_finishing = False
                write_record(self._folder.drives.real(work_folder(tag)) / f"{record.work_id}.json", record)

    def _is_own_destination(self, record: WorkRecord, tag: str) -> bool:
        """The file at the destination was put there by this work: while the unfinished one is there, it was not."""
        if record.state == "done" or record.destination is None:
            return record.state == "done"
        return record.is_finishing and not self._folder.drives.real(f"{record.destination}.{tag}").exists()

    def _is_in_place(self, work: AskedWork, found: WorkRecord | None, tag: str) -> bool:
        """An earlier run has put the file in place; only the last line of its record is missing."""
        if work.destination is None or found is None or found.destination != work.destination:
            return False
        return self._folder.drives.real(work.destination).exists() and self._is_own_destination(found, tag)

    def _check_destination(self, tag: str, work: AskedWork, found: WorkRecord | None) -> None:
        if work.destination is None or not self._folder.drives.real(work.destination).exists():
            return
        if not self._is_in_place(work, found, tag):
            raise Refused("AlreadyExists", f"{work.destination} exists on {self._folder.name}.", "ResourceExists")

    def _begin(self, tag: str, due: Sequence[AskedWork], known: Mapping[str, WorkRecord]) -> dict[str, WorkRecord]:
        """All processes and records are made before the first is told what to do: their start-ups overlap, and each
        knows how many share the limit."""
        begun: dict[str, WorkRecord] = {}
        folder = self._folder.drives.real(work_folder(tag))
        lanes = {lane: self._machine.children.start(COPIER_MODULE, []) for lane in dict.fromkeys(map(_lane, due))}
        self._processes += lanes.values()
        for work in due:
            previous = known.get(work.work_id)
            in_place = self._is_in_place(work, previous, tag)
            begun[work.work_id] = _new_record(work, lanes[_lane(work)].pid, previous, is_in_place=in_place)
            write_record(folder / f"{work.work_id}.json", begun[work.work_id])
        for lane, process in lanes.items():
            orders = [self._order(work, folder) for work in due if _lane(work) == lane]
            assert process.stdin is not None
            with process.stdin as stdin:
                stdin.write(packed(os.getpid(), orders))
        return begun

    def _order(self, work: AskedWork, folder: Path) -> WorkOrder:
        record_file = str(folder / f"{work.work_id}.json")
        return WorkOrder(str(self._folder.lab_root), self._folder.name, work.kind, record_file, dict(work.parameters))

    def _reap_now(self) -> None:
        with self._lock:
            self._reap()

    def _reap(self) -> None:
        self._processes = [process for process in self._processes if process.poll() is None]


def _lane(work: AskedWork) -> tuple[str, int]:
    return work.kind, work.lane


def _is_kept(record: WorkRecord | None) -> bool:
    return record is not None and record.state in ("running", "done")


def _new_record(work: AskedWork, process_id: int, previous: WorkRecord | None, *, is_in_place: bool) -> WorkRecord:
    """The record of a work that begins; the moment of its first beginning is kept."""
    return WorkRecord(
        work_id=work.work_id,
        kind=work.kind,
        state="running",
        source=work.source,
        destination=work.destination,
        begun=(previous.begun if previous else "") or datetime.now(UTC).isoformat(),
        process_id=process_id,
        process_started=int(process_start(process_id) or 0),
        digest=previous.digest if previous and is_in_place else None,
        bytes_sent=previous.bytes_sent if previous else 0,
        is_finishing=is_in_place,
    )
