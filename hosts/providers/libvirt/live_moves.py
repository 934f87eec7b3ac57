"""Live moves that are under way: begun in a thread of their own, seen and ended from any connection to the source."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from hosts.providers.errors import ProviderError, WrongState
from hosts.providers.libvirt.constants import JOB_NONE, JOB_STATS_COMPLETED
from hosts.providers.libvirt.domains import Domain, Stats
from hosts.providers.libvirt.marking import confirm_mark, set_starts, write_mark
from hosts.providers.libvirt.marks import STARTS
from hosts.providers.libvirt.reading import view
from hosts.providers.libvirt.session import Session
from hosts.providers.libvirt.streaming import speed_mib
from hosts.providers.live import LiveMove
from hosts.providers.types import VmState, WorkState

END_S = 60.0
_LOOK_EVERY_S = 0.1


class LiveMoves:
    """Those that one provider has begun, by the VM's id."""

    def __init__(self) -> None:
        self._begun: dict[str, tuple[Future[None], Domain]] = {}

    def begin(self, session: Session, uid: str, migrate: Callable[[], None]) -> None:
        """Returns when the host knows of it, or it has ended: whoever cancels it then finds it."""
        domain, thread = session.domain(uid), ThreadPoolExecutor(1, f"live move from {session.host}")
        begun = thread.submit(session.refusals, migrate)
        thread.shutdown(wait=False)
        self._begun[uid] = begun, domain
        while not begun.done() and not _has_job(session, domain):
            time.sleep(_LOOK_EVERY_S)

    def forget(self, uid: str) -> None:
        """What has become of it does not matter any more."""
        self._begun.pop(uid, None)

    def failure(self, uid: str) -> ProviderError | None:
        """Why the move that was begun here has failed."""
        begun, _ = self._begun.get(uid, (None, None))
        error = begun.exception() if begun is not None and begun.done() else None
        return error if isinstance(error, ProviderError) else None

    def is_under_way(self, uid: str) -> bool:
        begun, _ = self._begun.get(uid, (None, None))
        return begun is not None and not begun.done()

    def end(self, session: Session) -> None:
        """The connection is about to be closed, and each needs it."""
        for begun, domain in self._begun.values():
            if not begun.done():
                with contextlib.suppress(ProviderError):
                    session.refusals(domain.abortJob)


def how_far(session: Session, uid: str, tag: str, moves: LiveMoves) -> LiveMove:
    """As LiveMigrates.live_move. The VM is looked at after the job: it may end just between."""
    domain = session.domain(uid)
    goes_on = moves.is_under_way(uid) or _has_job(session, domain)
    seen = view(session, domain)
    known = confirm_mark(session, seen, tag)
    if goes_on:
        return LiveMove(WorkState.RUNNING, *_bytes(_stats(session, domain)))
    if error := moves.failure(uid):
        return LiveMove(WorkState.FAILED, error_kind=error.kind, error=error.message)
    if seen.state is VmState.OFF and known.memory_sent_to is not None:
        ended = _stats(session, seen.domain, JOB_STATS_COMPLETED)
        pause_ms = int(ended["downtime"]) if "downtime" in ended else None
        return LiveMove(WorkState.DONE, *_bytes(ended), pause_ms=pause_ms)
    return LiveMove(WorkState.LOST)


def limit(session: Session, uid: str, tag: str, limit_bytes_per_s: int) -> None:
    """As LiveMigrates.limit_live_move. It is memory that is bounded anew; disks keep the speed they began with."""
    seen = view(session, session.domain(uid))
    confirm_mark(session, seen, tag)
    session.refusals(lambda: seen.domain.migrateSetMaxSpeed(speed_mib(limit_bytes_per_s)))


def cancel(session: Session, uid: str, tag: str, moves: LiveMoves) -> None:
    """As LiveMigrates.cancel_live_move."""
    seen = view(session, session.domain(uid))
    known = confirm_mark(session, seen, tag)
    deadline = time.monotonic() + END_S
    while moves.is_under_way(uid) or _has_job(session, seen.domain):
        with contextlib.suppress(ProviderError):  # it may end by itself in this moment
            session.refusals(seen.domain.abortJob)
        if time.monotonic() > deadline:
            raise WrongState(session.host, f"The live move of {seen.name} does not end.")
        time.sleep(_LOOK_EVERY_S)
    seen = view(session, seen.domain)
    if seen.state is not VmState.RUNNING and known.memory_sent_to is not None:
        raise WrongState(session.host, f"{seen.name} is past its switch-over to {known.memory_sent_to}.")
    moves.forget(uid)
    set_starts(session, seen, starts=known.start_action == STARTS)
    if known.memory_sent_to is not None:
        write_mark(session, seen, replace(known, memory_sent_to=None))


def _has_job(session: Session, domain: Domain) -> bool:
    return int(_stats(session, domain).get("type", JOB_NONE)) != JOB_NONE


def _stats(session: Session, domain: Domain, flags: int = 0) -> Stats:
    """Of the job that is under way, or of the last one; nothing where libvirt knows of none."""
    with contextlib.suppress(ProviderError):
        return session.refusals(lambda: domain.jobStats(flags))
    return {}


def _bytes(stats: Stats) -> tuple[int, int]:
    """Done and in all, disks and memory."""
    return int(stats.get("data_processed", 0)), int(stats.get("data_total", 0))
