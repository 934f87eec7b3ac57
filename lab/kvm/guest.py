"""Asks a lab's VM how it is, over HTTP on its own address, wherever it runs."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any

from lab.kvm.layout import VmEntry

_ANSWER_S = 2.0
_CHECK_S = 120.0
_POLL_S = 0.05


class GuestSilent(Exception):
    """The VM does not answer on its address."""


@dataclass(frozen=True, slots=True)
class GuestAnswer:
    """What a guest says of itself. `records`: for each disk, the number of the newest durable record."""

    vm: str
    boot_id: str
    counter: int
    records: tuple[int, ...]
    io_errors: int
    uptime_s: float
    realtime: float
    slowest_sync_ms: float
    dirtied_pages: int


@dataclass(frozen=True, slots=True)
class DiskCheck:
    """What the guest found on a disk. `stale`: slots of the ring that hold an older record than they must."""

    last: int
    good: int
    bad: int
    stale: int
    payload_sha256: str


@dataclass(frozen=True, slots=True)
class GuestCheck:
    memory_pages: int
    memory_bad: int
    disks: tuple[DiskCheck, ...]


def ask(vm: VmEntry, timeout_s: float = _ANSWER_S) -> GuestAnswer:
    """Raises GuestSilent."""
    return _answer(_get(vm, "/", timeout_s))


def await_answer(vm: VmEntry, timeout_s: float = 60.0) -> GuestAnswer:
    """The first answer within the time. Raises GuestSilent."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return ask(vm)
        except GuestSilent:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_S)


def check(vm: VmEntry) -> GuestCheck:
    """Have the guest look through its memory and disks; takes seconds. Raises GuestSilent."""
    fields = _get(vm, "/check", _CHECK_S)
    disks = tuple(DiskCheck(**disk) for disk in fields["disks"])
    return GuestCheck(fields["memory_pages"], fields["memory_bad"], disks)


def set_writes(vm: VmEntry, mb_per_s: float) -> None:
    """How much each disk is written from now on. Raises GuestSilent."""
    _get(vm, f"/set?mbps={mb_per_s}", _ANSWER_S)


def set_dirtying(vm: VmEntry, mb_per_s: float) -> None:
    """How much memory is rewritten from now on. Raises GuestSilent."""
    _get(vm, f"/set?dirty={mb_per_s}", _ANSWER_S)


def _get(vm: VmEntry, path: str, timeout_s: float) -> dict[str, Any]:
    connection = http.client.HTTPConnection(vm.address, vm.http_port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise GuestSilent(f"{vm.name} does not answer on {vm.address}: {error}") from error
    finally:
        connection.close()
    return answer


def _answer(fields: dict[str, Any]) -> GuestAnswer:
    return GuestAnswer(
        **({name: fields[name] for name in fields if name != "id"} | {"records": tuple(fields["records"])})
    )
