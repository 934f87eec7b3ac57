"""KVM hosts: every verb asks libvirt, and over SSH the host's own side, inside the fence of its job."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from hosts.providers.base import StreamsState
from hosts.providers.browsing import MOST_FOLDERS, BrowsesFolders
from hosts.providers.claims import Claim
from hosts.providers.errors import DeadlineExceeded, HostUnreachable, NotFound, ProviderError, Refused, advise
from hosts.providers.libvirt import (
    files,
    host_reading,
    live_moves,
    load,
    marking,
    merging,
    outage,
    powering,
    registering,
    sharing,
    streaming,
)
from hosts.providers.libvirt.live_moves import LiveMoves
from hosts.providers.libvirt.opening import open_session
from hosts.providers.libvirt.reading import read_vm
from hosts.providers.libvirt.refusals import ACTIONS
from hosts.providers.libvirt.session import Session
from hosts.providers.live import LiveMigrates, LiveMove
from hosts.providers.power import Powers
from hosts.providers.types import (
    CopyOrder,
    Endpoint,
    HashOrder,
    HostFacts,
    HostLoad,
    Registration,
    RemoteFile,
    Vm,
    Work,
)

# How long each verb may take. Copies and merges are not among them: they go on by themselves. A save writes the whole
# memory of a large VM to a slow disk.
DEADLINES_S: dict[str, float] = {
    "inspect": 180,
    "sample": 60,
    "folders": 30,
    "find_vm": 60,
    "mark": 60,
    "unmark": 60,
    "checkpoint": 300,
    "save": 3600,
    "pause": 60,
    "send_state": 3600,
    "start_live_move": 300,
    "live_move": 60,
    "limit_live_move": 60,
    "cancel_live_move": 120,
    "start": 1800,
    "share": 60,
    "start_works": 120,
    "works": 60,
    "register": 300,
    "merge_checkpoints": 300,
    "remove_vm": 120,
    "delete_files": 300,
    "clear_traces": 300,
    "start_vm": 600,
    "shut_down": 60,
    "save_vm": 1800,
    "turn_off": 120,
}

_T = TypeVar("_T")


class LibvirtProvider(StreamsState, LiveMigrates, Powers, BrowsesFolders):
    """One KVM host. The calls of one provider are carried out one after the other, whichever thread makes them."""

    look_again_s = 0.1

    def __init__(self, endpoint: Endpoint, opened: Callable[[Endpoint], Session] = open_session) -> None:
        self._endpoint = endpoint
        self._opened = opened
        self._session: Session | None = None
        self._claim: Claim | None = None
        self._before: load.Reading | None = None
        self._moves = LiveMoves()
        self._lock = threading.RLock()

    def claim(self, claim: Claim) -> None:
        self._claim = claim

    def close(self) -> None:
        with self._lock:
            self._forget()

    def inspect(self) -> HostFacts:
        def read(session: Session) -> HostFacts:
            self._before = self._before or load.read_counters(session)
            return host_reading.inspect(session)

        return self._ask("inspect", read)

    def sample(self) -> HostLoad:
        def read(session: Session) -> HostLoad:
            before = self._before or load.read_counters(session)
            sampled, self._before = load.load_between(session, before)
            return sampled

        return self._ask("sample", read)

    def folders(self, path: str) -> Sequence[str]:
        listing = self._ask("folders", lambda session: session.host_side.list_folder(path))
        return [name for name in listing.folders if not name.startswith(".")][:MOST_FOLDERS]

    def find_vm(self, uid: str) -> Vm | None:
        def read(session: Session) -> Vm | None:
            try:
                return None if (domain := session.find(uid)) is None else read_vm(session, domain)
            except NotFound:
                if session.find(uid) is None:  # it went away while it was read
                    return None
                raise

        return self._ask("find_vm", read)

    def mark(self, uid: str, tag: str, *, hold: bool) -> Vm:
        return self._change_vm("mark", uid, lambda session: marking.mark(session, uid, tag, hold=hold))

    def unmark(self, uid: str, tag: str) -> None:
        self._change("unmark", lambda session: marking.unmark(session, uid, tag))

    def checkpoint(self, uid: str, name: str) -> Vm:
        return self._change_vm("checkpoint", uid, lambda session: outage.checkpoint(session, uid, name))

    def save(self, uid: str, tag: str) -> Vm:
        return self._change_vm("save", uid, lambda session: outage.save(session, uid, tag))

    def start(self, uid: str, tag: str) -> Vm:
        return self._change_vm("start", uid, lambda session: outage.start(session, uid, tag))

    def start_vm(self, uid: str) -> Vm:
        return self._change_vm("start_vm", uid, lambda session: powering.start_vm(session, uid))

    def shut_down(self, uid: str) -> Vm:
        return self._change_vm("shut_down", uid, lambda session: powering.shut_down(session, uid))

    def save_vm(self, uid: str) -> Vm:
        return self._change_vm("save_vm", uid, lambda session: powering.save_vm(session, uid))

    def turn_off(self, uid: str) -> Vm:
        return self._change_vm("turn_off", uid, lambda session: powering.turn_off(session, uid))

    def pause(self, uid: str, tag: str) -> Vm:
        return self._change_vm("pause", uid, lambda session: outage.pause(session, uid, tag))

    def send_state(self, registration: Registration, target: StreamsState) -> Vm:
        """Both hosts are fenced meanwhile, the target for the whole of it.

        When the console dies in the middle, libvirt on both hosts notices that its client is gone: until the target has
        said that the memory is there, the VM stays paused here and the target's waiting QEMU is ended. From then on it
        is paused on the target, and here a shell of it may stay paused, which `remove_vm` takes away.
        """
        if not isinstance(target, LibvirtProvider):
            raise Refused(self._endpoint.name, "Memory is sent to KVM hosts only.")
        address = sharing.address_of(target._endpoint)

        def arrive(there: Session) -> Vm:
            self._change("send_state", lambda here: streaming.send_state(here, there, address, registration))
            return read_vm(there, there.domain(registration.uid))

        return target._change("send_state", arrive)

    def start_live_move(
        self, registration: Registration, target: LiveMigrates, *, limit_bytes_per_s: int = 0, max_pause_ms: int = 300
    ) -> None:
        if not isinstance(target, LibvirtProvider):
            raise Refused(self._endpoint.name, "Virtual machines are moved live to KVM hosts only.")
        address = sharing.address_of(target._endpoint)

        def begin(here: Session, there: Session) -> None:
            migrate = streaming.live_move(here, there, address, registration, limit_bytes_per_s, max_pause_ms)
            if migrate is not None:
                self._moves.begin(here, registration.uid, migrate)

        target._change(
            "start_live_move", lambda there: self._change("start_live_move", lambda here: begin(here, there))
        )

    def live_move(self, uid: str, tag: str) -> LiveMove:
        return self._ask("live_move", lambda session: live_moves.how_far(session, uid, tag, self._moves))

    def limit_live_move(self, uid: str, tag: str, limit_bytes_per_s: int) -> None:
        self._change("limit_live_move", lambda session: live_moves.limit(session, uid, tag, limit_bytes_per_s))

    def cancel_live_move(self, uid: str, tag: str) -> None:
        self._change("cancel_live_move", lambda session: live_moves.cancel(session, uid, tag, self._moves))

    def share(self, path: str) -> RemoteFile:
        """The file as the process that serves this job's files here gives it, to whoever has the job's token."""
        if self._claim is None:
            raise Refused(self._endpoint.name, f"{path} was not shared: nobody has claimed the job.", kind="NoClaim")
        job = self._claim.job
        return self._ask("share", lambda session: sharing.share(session, self._endpoint, job, path))

    def start_works(
        self, tag: str, orders: Sequence[CopyOrder | HashOrder], *, limit_bytes_per_s: int = 0
    ) -> Sequence[Work]:
        return self._change(
            "start_works",
            lambda session: session.host_side.start_works(tag, orders, limit_bytes_per_s=limit_bytes_per_s),
        )

    def works(self, tag: str) -> Sequence[Work]:
        return self._ask("works", lambda session: session.host_side.works(tag))

    def register(self, registration: Registration) -> Vm:
        return self._change_vm(
            "register", registration.uid, lambda session: registering.register(session, registration)
        )

    def merge_checkpoints(self, uid: str, tag: str) -> Vm:
        return self._change_vm("merge_checkpoints", uid, lambda session: merging.merge_checkpoints(session, uid, tag))

    def remove_vm(self, uid: str, tag: str) -> None:
        self._change("remove_vm", lambda session: registering.remove_vm(session, uid, tag))

    def delete_files(self, paths: Sequence[str], tag: str) -> Sequence[str]:
        return self._change("delete_files", lambda session: files.delete_files(session, tag, paths))

    def clear_traces(self, tag: str, *, destinations: Sequence[str] | None) -> None:
        self._change("clear_traces", lambda session: files.clear_traces(session, tag, destinations))

    def _change_vm(self, verb: str, uid: str, act: Callable[[Session], object]) -> Vm:
        """Run a verb in its job's fence; the VM as it is then."""

        def change(session: Session) -> Vm:
            act(session)
            return read_vm(session, session.domain(uid))

        return self._change(verb, change)

    def _change(self, verb: str, act: Callable[[Session], _T]) -> _T:
        """Run a verb in its job's fence, which waits there for an earlier call."""
        if self._claim is None:
            raise Refused(self._endpoint.name, f"{verb} was not run: nobody has claimed the job.", kind="NoClaim")

        def change(session: Session) -> _T:
            with session.host_side.fence(DEADLINES_S[verb]):
                return act(session)

        return self._ask(verb, change)

    def _ask(self, verb: str, act: Callable[[Session], _T]) -> _T:
        try:
            return self._ask_once(verb, act)
        except ProviderError as error:
            advise(error, ACTIONS)
            raise

    def _ask_once(self, verb: str, act: Callable[[Session], _T]) -> _T:
        host, longest_s = self._endpoint.name, DEADLINES_S[verb]
        deadline_s = self._claim.bounded_s(longest_s) if self._claim else longest_s
        with self._lock:
            session = self._session = self._session or self._opened(self._endpoint)
            if self._claim is not None and session.calls is not None:
                session.calls.claim(self._claim)
            try:
                return session.connection.within(deadline_s, lambda: act(session))
            except DeadlineExceeded as late:
                self._forget()
                text = f"{verb} was given up after {deadline_s:.0f} seconds."
                raise DeadlineExceeded(host, text) from late
            except HostUnreachable:
                self._forget()
                raise

    def _forget(self) -> None:
        """The next call connects anew."""
        session, self._session, self._before = self._session, None, None
        if session is not None:
            self._moves.end(session)
            session.close()
