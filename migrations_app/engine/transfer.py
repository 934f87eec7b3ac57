"""Files from the source host to the target host, proved equal: the one way in which bytes of a VM travel."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from hosts import paths
from hosts.providers.base import QuickMigrates
from hosts.providers.errors import DigestMismatch, HostUnreachable, ProviderError, refusal
from hosts.providers.types import CopyOrder, HashOrder, Work, WorkState
from migrations_app.engine.step import Context, FileProof

Order = CopyOrder | HashOrder
STARTS_OF_A_WORK = 3
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
        return hashlib.sha256(paths.key(self.source_path).encode()).hexdigest()[:16]

    @property
    def copy_id(self) -> str:
        return f"copy-{self.key}"

    @property
    def hash_id(self) -> str:
        return f"hash-{self.key}"


def transfer(ctx: Context, files: Sequence[FileMove]) -> tuple[FileProof, ...]:
    """Pull every file to the target, hashing at both ends; returns the proofs in the order of `files`.

    The hosts keep the state: what an earlier call began is found by its id and gone on with.
    Raises DigestMismatch, the refusal of a host, HostUnreachable when a host is silent for PATIENCE_S, for the console
    or for the other host.
    """
    different = {file.key: file for file in files}.values()
    copies = {file.copy_id: partial(_copy_order, ctx, file) for file in different}
    hashes = {file.hash_id: partial(_hash_order, file) for file in different}
    target = _Side(ctx.target, ctx.plan.target_name, ctx.tag, copies)
    source = _Side(ctx.source, ctx.plan.source_name, ctx.tag, hashes)
    _carry_out(ctx, source, target, sum(file.size_bytes for file in different))
    return tuple(_prove(ctx, file, source.works[file.hash_id], target.works[file.copy_id]) for file in files)


def _carry_out(ctx: Context, source: _Side, target: _Side, total: int) -> None:
    """Both hosts are told and asked at the same time: a call takes a second on a real host, and in the outage each one
    counts. A connection is used by one thread at a time."""
    with ThreadPoolExecutor(1, "source") as beside:
        while True:
            hashing = beside.submit(source.go_on, 0)
            target.go_on(ctx.progress.limit_bytes_per_s())
            hashing.result()
            done = sum(work.bytes_done for work in target.works.values())
            ctx.progress.report(done, max(total, done))
            if source.is_done and target.is_done:
                return
            ctx.wait()


class _Side:
    """What one of the two hosts does for the transfer.

    `works`: what it last said of its works, by id. `_orders`: how each is ordered, made anew whenever it is begun: a
    source that went down meanwhile may give its files in another way. `_starts`: how often each was begun. `_well_at`:
    when it last answered, and was not waiting for the other host.
    """

    def __init__(self, host: QuickMigrates, name: str, tag: str, orders: Mapping[str, Callable[[], Order]]) -> None:
        self._host = host
        self._name = name
        self._tag = tag
        self._orders = orders
        self._starts: Counter[str] = Counter()
        self._limit = 0
        self._well_at = time.monotonic()
        self._sent_when_cut_off = -1
        self.works: dict[str, Work] = {}

    @property
    def is_done(self) -> bool:
        return not self._under_way()

    def go_on(self, limit_bytes_per_s: int) -> None:
        """Begin everything at the first call. Then hear the host, begin again what is lost, and set the limit when it
        is another one; while the host is silent nothing changes, for PATIENCE_S. What is done is not asked for."""
        if self.is_done:
            return
        if not self._starts:
            self._begin(list(self._orders), limit_bytes_per_s)
            self._well_at = time.monotonic()
            return
        try:
            again = self._hear()
            if again or limit_bytes_per_s != self._limit:
                self._begin(again, limit_bytes_per_s)
        except HostUnreachable:
            if self._is_out_of_patience():
                raise

    def _under_way(self) -> list[str]:
        return [each for each in self._orders if each not in self.works or self.works[each].state is not WorkState.DONE]

    def _begin(self, work_ids: Sequence[str], limit_bytes_per_s: int) -> None:
        orders = [self._orders[work_id]() for work_id in work_ids]
        begun = self._host.start_works(self._tag, orders, limit_bytes_per_s=limit_bytes_per_s)
        self.works |= {work.work_id: work for work in begun}
        self._starts.update(work_ids)
        self._limit = limit_bytes_per_s

    def _hear(self) -> list[str]:
        """Note what the host says of what is under way; returns what has to be begun again.

        A record may be gone after a power loss: that work is lost as well.
        """
        heard = {work.work_id: work for work in self._host.works(self._tag)}
        under_way = self._under_way()
        self.works |= {work_id: heard[work_id] for work_id in under_way if work_id in heard}
        lost = [each for each in under_way if each not in heard or heard[each].state is WorkState.LOST]
        for work_id in lost:
            self._confirm_another_start(work_id)
        failed = [heard[each] for each in under_way if each in heard and heard[each].state is WorkState.FAILED]
        return lost + self._cut_off(failed)

    def _cut_off(self, failed: Sequence[Work]) -> list[str]:
        """Copies that failed because the source was silent go on at their offset when it is back, for PATIENCE_S
        without a byte. Raises what else a work failed of."""
        sent = sum(work.bytes_sent for work in self.works.values())
        if not failed:
            if sent != self._sent_when_cut_off:
                self._well_at = time.monotonic()
            return []
        for work in failed:
            if work.error_kind != HostUnreachable.__name__ or self._is_out_of_patience():
                raise refusal(self._name, work.error_kind or "", work.error or f"{work.work_id} failed.")
        self._sent_when_cut_off = sent
        return [work.work_id for work in failed]

    def _is_out_of_patience(self) -> bool:
        return time.monotonic() - self._well_at > PATIENCE_S

    def _confirm_another_start(self, work_id: str) -> None:
        if self._starts[work_id] >= STARTS_OF_A_WORK:
            order = self._orders[work_id]()
            path = order.destination if isinstance(order, CopyOrder) else order.path
            raise ProviderError(self._name, f"The process that works on {path} ended again and again.")


def _hash_order(file: FileMove) -> HashOrder:
    return HashOrder(file.hash_id, file.source_path, file.size_bytes)


def _copy_order(ctx: Context, file: FileMove) -> CopyOrder:
    return CopyOrder(file.copy_id, ctx.source.share(file.source_path), file.target_path, file.size_bytes)


def _prove(ctx: Context, file: FileMove, hashed: Work, copied: Work) -> FileProof:
    if copied.digest is None or copied.digest != hashed.digest:
        raise DigestMismatch(
            ctx.plan.target_name,
            f"The bytes of {file.source_path} that arrived as {file.target_path} are not those of the source.",
        )
    return FileProof(
        source_path=file.source_path,
        target_path=file.target_path,
        size_bytes=copied.bytes_done,
        digest=copied.digest,
        stamp=file.stamp,
        sent_bytes=copied.bytes_sent,
    )
