"""Files from the source host to the target host, proved equal: the one way in which bytes of a VM travel."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hosts.providers.base import QuickMigrates
from hosts.providers.errors import DigestMismatch, HostUnreachable, ProviderError, refusal
from hosts.providers.types import CopyOrder, HashOrder, Work, WorkState
from migrations_app.engine.step import Context, FileProof

PARALLEL_FILES = 8
STARTS_OF_A_FILE = 3
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class FileMove:
    """A file to copy. `size_bytes` is what it measured when it was listed; `stamp` see FileProof."""

    source_path: str
    target_path: str
    size_bytes: int
    stamp: str = ""

    @property
    def key(self) -> str:
        return hashlib.sha256(self.source_path.lower().encode()).hexdigest()[:16]

    @property
    def copy_id(self) -> str:
        return f"copy-{self.key}"

    @property
    def hash_id(self) -> str:
        return f"hash-{self.key}"


def transfer(ctx: Context, files: Sequence[FileMove]) -> tuple[FileProof, ...]:
    """Pull every file to the target, hashing at both ends; returns the proofs in the order of `files`.

    The hosts keep the state: what an earlier call began is found by its id and gone on with.
    Raises DigestMismatch, the refusal of a host, HostUnreachable when a host is silent for PATIENCE_S.
    """
    return _Transfer(ctx, files).run()


class _Transfer:
    """`_works` is what the hosts last said of the copies and hashes, by id; `_starts` how often each was begun."""

    def __init__(self, ctx: Context, files: Sequence[FileMove]) -> None:
        self._ctx = ctx
        self._files = {file.key: file for file in files}
        self._wanted = files
        self._total = sum(file.size_bytes for file in self._files.values())
        self._works: dict[str, Work] = {}
        self._starts: Counter[str] = Counter()
        self._heard_at = time.monotonic()

    def run(self) -> tuple[FileProof, ...]:
        while not self._all_done():
            if files := self._next_files():
                self._start(files, files)
            self._poll()
            self._report()
            if not self._all_done() and not self._next_files():
                self._ctx.progress.wait()
        return tuple(self._prove(file) for file in self._wanted)

    def _all_done(self) -> bool:
        return all(self._is_proved(file) for file in self._files.values())

    def _is_proved(self, file: FileMove) -> bool:
        return self._is_done(file.copy_id) and self._is_done(file.hash_id)

    def _is_done(self, work_id: str) -> bool:
        work = self._works.get(work_id)
        return work is not None and work.state is WorkState.DONE

    def _next_files(self) -> list[FileMove]:
        """The files that may be begun now: as many as there are free places."""
        waiting = [file for file in self._files.values() if file.copy_id not in self._starts]
        begun = [file for file in self._files.values() if file.copy_id in self._starts]
        return waiting[: PARALLEL_FILES - sum(not self._is_proved(file) for file in begun)]

    def _start(self, copies: Sequence[FileMove], hashes: Sequence[FileMove]) -> None:
        """One call for each host that gets something to do."""
        ctx = self._ctx
        if copies:
            ctx.target.start_works(ctx.tag, [self._copy_order(file) for file in copies])
            self._starts.update(file.copy_id for file in copies)
        if hashes:
            ctx.source.start_works(ctx.tag, [HashOrder(file.hash_id, file.source_path) for file in hashes])
            self._starts.update(file.hash_id for file in hashes)
        self._heard_at = time.monotonic()

    def _copy_order(self, file: FileMove) -> CopyOrder:
        """The job's limit is shared by the files that may run at once."""
        limit = self._ctx.plan.limit_bytes_per_s
        share = max(1, limit // min(len(self._files), PARALLEL_FILES)) if limit else 0
        return CopyOrder(file.copy_id, self._ctx.source.share(file.source_path), file.target_path, share)

    def _poll(self) -> None:
        """Hear both hosts and begin again what is lost; while a host is silent nothing changes, for PATIENCE_S."""
        ctx, files = self._ctx, self._files.values()
        try:
            copies = self._lost(ctx.target, ctx.plan.target_name, {file.copy_id: file for file in files})
            hashes = self._lost(ctx.source, ctx.plan.source_name, {file.hash_id: file for file in files})
            self._start(copies, hashes)
        except HostUnreachable:
            if time.monotonic() - self._heard_at > PATIENCE_S:
                raise
        else:
            self._heard_at = time.monotonic()

    def _lost(self, host: QuickMigrates, name: str, files: Mapping[str, FileMove]) -> list[FileMove]:
        """Note what the host says of its works, given by id; returns the files whose work has to be begun again.

        A host that has nothing more to do is not asked. A record may be gone after a power loss: lost as well.
        """
        running = {work_id: file for work_id, file in files.items() if self._is_under_way(work_id)}
        heard = {work.work_id: work for work in host.works(self._ctx.tag)} if running else {}
        lost = []
        for work_id, file in running.items():
            work = heard.get(work_id)
            if work is None or work.state is WorkState.LOST:
                self._confirm_another_start(work_id, file, name)
                lost.append(file)
            elif work.state is WorkState.FAILED:
                raise refusal(name, work.error_kind or "", work.error or f"{file.source_path} could not be read.")
            if work is not None:
                self._works[work_id] = work
        return lost

    def _is_under_way(self, work_id: str) -> bool:
        return work_id in self._starts and not self._is_done(work_id)

    def _confirm_another_start(self, work_id: str, file: FileMove, name: str) -> None:
        if self._starts[work_id] >= STARTS_OF_A_FILE:
            raise ProviderError(name, f"The process that works on {file.source_path} ended again and again.")

    def _report(self) -> None:
        copies = [self._works[file.copy_id] for file in self._files.values() if file.copy_id in self._works]
        done = sum(work.bytes_done for work in copies)
        self._ctx.progress.report(done, max(self._total, done))

    def _prove(self, file: FileMove) -> FileProof:
        copy, source = self._works[file.copy_id], self._works[file.hash_id]
        if copy.digest is None or copy.digest != source.digest:
            raise DigestMismatch(
                self._ctx.plan.target_name,
                f"The bytes of {file.source_path} that arrived as {file.target_path} are not those of the source.",
            )
        return FileProof(file.source_path, file.target_path, copy.bytes_done, copy.digest, file.stamp)
