"""What a host's own side can be asked, typed: one method a verb of host_side, over one Channel."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from hosts.providers.answers import Answer
from hosts.providers.claims import Claim
from hosts.providers.errors import Refused
from hosts.providers.lanes import lanes
from hosts.providers.libvirt.channel import Channel
from hosts.providers.libvirt.serving_certificate import ServingCertificate
from hosts.providers.types import CopyOrder, HashOrder, RemoteFile, Work

# How long each verb may take. Copies and hashes are not among them: they go on by themselves.
DEADLINES_S: dict[str, float] = {
    "clear-traces": 300,
    "create-disk": 300,
    "delete-files": 300,
    "start-works": 120,
}
_DEADLINE_S = 60.0
# For an earlier call that is still under way: a save is worth waiting for, the reason worth telling.
FENCE_WAIT_S = 300
_LOCATION = re.compile(r"ferry://(?P<address>\[[^\]]+\]|[^:/]+):(?P<port>[0-9]+)(?P<path>/.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class HostHello:
    """`uid` 0 is root, which disks of other owners need."""

    python_version: str
    host_name: str
    uid: int
    has_qemu_img: bool


@dataclass(frozen=True, slots=True)
class FileFacts:
    """`stamp` changes whenever the file is written (inode, size, time of the last write). `changed_ns` (ctime) also
    changes when libvirt gives the file another owner or label, which it does at every start and stop."""

    path: str
    size_bytes: int
    allocated_bytes: int
    stamp: str
    changed_ns: int
    is_folder: bool


@dataclass(frozen=True, slots=True)
class ChainLayer:
    """One file of a disk's chain; `backing_path` None for the base. `size_bytes` of the file, as it is copied."""

    path: str
    format: str
    virtual_size_bytes: int
    backing_path: str | None
    backing_format: str | None
    size_bytes: int
    allocated_bytes: int
    stamp: str


@dataclass(frozen=True, slots=True)
class FileSystem:
    """`folder` is the one that was asked for, or the mount point. `free_bytes`: for whom has no privileges."""

    folder: str
    mount_point: str
    kind: str
    device: str
    size_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class FolderListing:
    """Names in order, at most a thousand folders and a thousand files; `is_whole` says whether those are all."""

    path: str
    parent: str | None
    folders: tuple[str, ...]
    files: tuple[str, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Serving:
    """A serving process of a job, known by its certificate's fingerprint."""

    fingerprint: str
    address: str
    port: int
    is_alive: bool


class HostCalls:
    """For one thread, like its channel. Every call raises ProviderError.

    The calls that change something for a job are fenced: inside `fence()` they belong to it, alone each enters it and
    leaves it again, in one round trip. Without a claim they raise Refused.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._claim: Claim | None = None
        self._is_inside = False

    def claim(self, claim: Claim) -> None:
        """As Provider.claim."""
        self._claim = claim

    def close(self) -> None:
        self._channel.close()

    def hello(self) -> HostHello:
        """Raises NotAHypervisor when the host has no Python that will do."""
        return self._ask("hello").whole(HostHello)

    def stat(self, paths: Sequence[str]) -> dict[str, FileFacts]:
        """By path; what is not there is left out."""
        found = self._ask("stat", paths=list(paths)).several("files", FileFacts)
        return {facts.path: facts for facts in found}

    def chain(self, path: str, disk_format: str) -> tuple[ChainLayer, ...]:
        """The layers of the disk whose written file is `path`, from the base up, also while a VM has it open.

        `disk_format` is that of the domain's XML ("raw", "qcow2"): a guest may write into a raw disk what looks like
        another format, so it is never guessed for the file itself. Raises NotFound.
        """
        return self._ask("chain", path=path, format=disk_format).several("layers", ChainLayer)

    def file_systems(self, folders: Sequence[str] = ()) -> tuple[FileSystem, ...]:
        """Those of these folders, in that order (of a folder that is not there: of its nearest parent that is);
        without folders all real ones of the host."""
        return self._ask("file-systems", folders=list(folders)).several("file_systems", FileSystem)

    def list_folder(self, path: str) -> FolderListing:
        return self._ask("list-folder", path=path).whole(FolderListing)

    def read_files(self, paths: Sequence[str]) -> dict[str, str | None]:
        """The texts of small files (16 MB each at most), also of /proc and /sys, None for one that cannot be read."""
        texts: dict[str, str | None] = self._channel.call("read-files", {"paths": list(paths)}, deadline_s=_DEADLINE_S)[
            "texts"
        ]
        return texts

    def write_file(self, path: str, text: str, *, may_replace: bool = False) -> None:
        """Write a small file, whole or not at all, with its folder. Raises AlreadyExists when another text is there
        and it may not be replaced."""
        self._change("write-file", path=path, text=text, may_replace=may_replace)

    @contextmanager
    def fence(self, longest_s: float) -> Iterator[None]:
        """Nothing else of the job changes this host until the block ends, however it ends. For calls that go to
        libvirt, of which the longest lasts `longest_s`.

        Raises Overtaken when a later call was here before, WrongState when an earlier one has it for too long,
        Refused without a claim. Entered once inside itself it is the same fence.
        """
        if self._is_inside:
            yield
            return
        fence = self._fence(longest_s)
        self._channel.enter_fence(fence, deadline_s=fence["wait_s"] + _DEADLINE_S)
        self._is_inside = True
        try:
            yield
        finally:
            self._is_inside = False
            self._channel.leave_fence()

    def serve(self, tag: str, address: str, certificate: ServingCertificate, paths: Sequence[str]) -> Serving:
        """Start the process that serves this host's files to whoever has the certificate's token, or find it, and
        allow these paths beside those allowed before. A process that died comes back on the same port if it can.

        `address` is this host's as the other one reaches it. It ends by itself after a quarter of an hour without a
        connection and when the job's traces are cleared. Raises Refused when the host does not have the address or no
        port of 49152-49215 is free.
        """
        return self._ask(
            "serve",
            tag=tag,
            address=address,
            paths=list(paths),
            fingerprint=certificate.fingerprint,
            certificate=certificate.certificate_pem,
            key=certificate.key_pem,
            token=certificate.token,
        ).one("serving", Serving)

    def servings(self, tag: str) -> tuple[Serving, ...]:
        """The serving processes of the job here, also those that ended; `serve` brings such a one back."""
        return self._ask("list-works", tag=tag).several("servings", Serving)

    def start_works(
        self, tag: str, orders: Sequence[CopyOrder | HashOrder], *, limit_bytes_per_s: int = 0
    ) -> tuple[Work, ...]:
        """As QuickMigrates.start_works. A copy's source is what `remote_file` makes."""
        sent = [_work_order(order, lane) for order, lane in zip(orders, lanes(orders), strict=True)]
        begun = self._change("start-works", tag=tag, orders=sent, limit_bytes_per_s=limit_bytes_per_s)
        return begun.several("works", Work)

    def works(self, tag: str) -> tuple[Work, ...]:
        """As QuickMigrates.works."""
        return self._ask("list-works", tag=tag).several("works", Work)

    def create_disk(self, tag: str, path: str, disk_format: str, size_bytes: int) -> None:
        """An empty disk with its folder; found when this tag has made it. `clear_traces` deletes it with its tag's
        files. Raises AlreadyExists."""
        self._change("create-disk", tag=tag, path=path, format=disk_format, size_bytes=size_bytes)

    def delete_files(
        self, tag: str, paths: Sequence[str], *, used: Sequence[str], kept_folders: Sequence[str]
    ) -> tuple[str, ...]:
        """As QuickMigrates.delete_files. `used`: all files of the VMs registered here; WrongState when one of `paths`
        is among them. A file that any process has open is in use. `kept_folders` stay even when empty: pools."""
        change = self._change(
            "delete-files", tag=tag, paths=list(paths), used=list(used), kept_folders=list(kept_folders)
        )
        return change.several("in_use", str)

    def clear_traces(
        self, tag: str, *, destinations: Sequence[str] | None, used: Sequence[str], kept_folders: Sequence[str]
    ) -> None:
        """As QuickMigrates.clear_traces; `used` and `kept_folders` as in `delete_files`. Whether a VM that uses one
        of the files is starting or saving is for the caller to ask, inside the fence."""
        self._change(
            "clear-traces",
            tag=tag,
            keep_files=destinations is None,
            destinations=list(destinations or ()),
            used=list(used),
            kept_folders=list(kept_folders),
        )

    def rebase_chain(self, layers: Sequence[str], disk_format: str) -> tuple[ChainLayer, ...]:
        """Tell each of these layers, the base first, where the one below it lies now. Raises NotFound, Incompatible."""
        return self._change("rebase-chain", layers=list(layers), format=disk_format).several("layers", ChainLayer)

    def move_file(self, source: str, destination: str) -> None:
        """Give a file another name, or link to it from another file system. Raises AlreadyExists, NotFound."""
        self._change("move-file", source=source, destination=destination)

    def commit_layers(self, tag: str, work_id: str, top: str, base: str) -> Work:
        """A detached work that writes the layers from `top` down to `base` into `base`, for a VM that is off."""
        order = {"work_id": work_id, "kind": "commit-layers", "lane": 0, "path": top, "base": base}
        return self._change("start-works", tag=tag, orders=[order], limit_bytes_per_s=0).several("works", Work)[0]

    def _change(self, verb: str, **parameters: object) -> Answer:
        """Run a verb inside the fence, or with one of its own."""
        longest_s = DEADLINES_S.get(verb, _DEADLINE_S)
        fence = None if self._is_inside else self._fence(longest_s)
        deadline_s = self._claim.bounded_s(longest_s) if self._claim else longest_s
        result = self._channel.call(verb, parameters, deadline_s=deadline_s, claim=fence)
        return Answer(self._channel.host, verb, result)

    def _fence(self, longest_s: float) -> dict[str, Any]:
        if self._claim is None:
            raise Refused(self._channel.host, "Nothing was changed: nobody has claimed the job.", kind="NoClaim")
        wait_s = int(min(FENCE_WAIT_S, 0.75 * self._claim.bounded_s(longest_s)))
        return {"job": self._claim.job, "call": self._claim.next_call(), "wait_s": wait_s}

    def _ask(self, verb: str, **parameters: object) -> Answer:
        deadline_s = self._claim.bounded_s(_DEADLINE_S) if self._claim else _DEADLINE_S
        return Answer(self._channel.host, verb, self._channel.call(verb, parameters, deadline_s=deadline_s))


def remote_file(serving: Serving, certificate: ServingCertificate, path: str) -> RemoteFile:
    """How another host reads `path` from the serving process: its user is the certificate's fingerprint."""
    address = f"[{serving.address}]" if ":" in serving.address else serving.address
    location = f"ferry://{address}:{serving.port}{quote(path, errors='surrogateescape')}"
    return RemoteFile(location, certificate.fingerprint, certificate.token)


def _work_order(order: CopyOrder | HashOrder, lane: int) -> dict[str, object]:
    """Orders of a lane share a process."""
    if isinstance(order, HashOrder):
        return {"work_id": order.work_id, "kind": "hash-file", "lane": lane, "path": order.path}
    place = _LOCATION.fullmatch(order.source.location)
    if place is None:
        raise Refused("", f"{order.source.location} is no file that a host serves.")
    return {
        "work_id": order.work_id,
        "kind": "copy-file",
        "lane": lane,
        "path": unquote(place["path"], errors="surrogateescape"),
        "destination": order.destination,
        "address": place["address"].strip("[]"),
        "port": int(place["port"]),
        "fingerprint": order.source.username,
        "token": order.source.password,
    }
