"""Two hosts' own sides on this machine, and a file that one of them serves: what the tests of host_side need."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hosts.providers.claims import Claim
from hosts.providers.libvirt.channel import Channel
from hosts.providers.libvirt.host_calls import HostCalls, Serving, remote_file
from hosts.providers.libvirt.serving_certificate import ServingCertificate, new_serving_certificate
from hosts.providers.types import CopyOrder, HashOrder, Work, WorkState
from tests.providers.pair import TAG, until

JOB = "71-1767225600"
MIB = 1 << 20


@dataclass(slots=True)
class Sides:
    """`source` serves what lies in `folder`/source; `target` copies it to `folder`/target. `open_channel` gives another
    channel to the host whose records lie under the root it gets."""

    folder: Path
    open_channel: Callable[[str], Channel]
    source: HostCalls
    target: HostCalls
    certificate: ServingCertificate = field(default_factory=new_serving_certificate)
    relay: Relay | None = None

    def made(self, size_bytes: int, name: str = "disk.qcow2") -> Path:
        """A file on the source, full of bytes that do not repeat."""
        path = self.folder / "source" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(os.urandom(size_bytes))
        return path

    def destination(self, path: Path) -> Path:
        return self.folder / "target" / path.name

    def partial(self, path: Path) -> Path:
        return Path(f"{self.destination(path)}.{TAG}")

    def order(self, path: Path, work_id: str = "copy-1") -> CopyOrder:
        serving = self.source.serve(TAG, "127.0.0.1", self.certificate, [str(path)])
        if self.relay is not None:
            serving = self.relay.before(serving)
        place = remote_file(serving, self.certificate, str(path))
        return CopyOrder(work_id, place, str(self.destination(path)), path.stat().st_size)

    def copy(self, path: Path, work_id: str = "copy-1", limit_bytes_per_s: int = 0) -> Work:
        (work,) = self.target.start_works(TAG, [self.order(path, work_id)], limit_bytes_per_s=limit_bytes_per_s)
        return work

    def work(self, work_id: str = "copy-1") -> Work:
        return next(work for work in self.target.works(TAG) if work.work_id == work_id)

    def ended(self, work_id: str = "copy-1") -> Work:
        return until(lambda: self.work(work_id), lambda work: work.state is not WorkState.RUNNING)

    def hashed(self, path: Path, work_id: str = "hash-1") -> Work:
        """The source's own digest of a file."""
        self.source.start_works(TAG, [HashOrder(work_id, str(path))])
        return until(lambda: self.source.works(TAG)[-1], lambda work: work.state is not WorkState.RUNNING)

    def record(self, work_id: str = "copy-1") -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.record_path(work_id).read_text())
        return record

    def record_path(self, work_id: str = "copy-1") -> Path:
        return self.folder / "target-root" / TAG / f"{work_id}.json"

    def kill_copy(self, work_id: str = "copy-1") -> Work:
        """End the copying process as a crash would; the work as it is then."""
        os.kill(self.record(work_id)["process_id"], signal.SIGKILL)
        return self.ended(work_id)

    def kill_server(self) -> None:
        (path,) = (self.folder / "source-root" / TAG).glob("*.serving")
        os.kill(json.loads(path.read_text())["process_id"], signal.SIGKILL)
        until(lambda: self.source.servings(TAG)[0].is_alive, lambda is_alive: not is_alive)

    def close(self) -> None:
        for side in (self.source, self.target):
            side.claim(Claim(JOB, fence=1000))
            with suppress(Exception):  # a test may have broken it on purpose
                side.clear_traces(TAG, destinations=None, used=[], kept_folders=[])
            side.close()


def open_sides(folder: Path, open_channel: Callable[[str], Channel]) -> Sides:
    source, target = (HostCalls(open_channel(str(folder / root))) for root in ("source-root", "target-root"))
    for side in (source, target):
        side.claim(Claim(JOB, fence=1))
    return Sides(folder, open_channel, source, target)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Relay:
    """Stands between the two hosts, counts what the reader gets, and falls silent when it is told to."""

    def __init__(self) -> None:
        self.bytes_sent = 0
        self.is_silent = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = 0

    def before(self, serving: Serving) -> Serving:
        if not self._port:
            self._port = serving.port
            threading.Thread(target=self._accept, daemon=True).start()
        return replace(serving, port=self._listener.getsockname()[1])

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                reader, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                threading.Thread(target=self._pass, args=(reader, server, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, reader, True), daemon=True).start()

    def _pass(self, come: socket.socket, go: socket.socket, is_counted: bool) -> None:
        with suppress(OSError):
            while piece := come.recv(1 << 16):
                if self.is_silent.is_set():
                    continue
                go.sendall(piece)
                self.bytes_sent += len(piece) if is_counted else 0
        with suppress(OSError):
            go.shutdown(socket.SHUT_RDWR)
