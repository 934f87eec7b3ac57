"""Orders that make a host fail at will: written by tests, consumed by the host and its works, one at a time."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

COPY = "copy"
ANY_VERB = "*"


class FaultKind(StrEnum):
    """What happens. SLOW and CORRUPT mean works only; FULL stands until it is taken back.

    HANG and LATE strike a call that has reached its host and done nothing yet, not even entered its job's fence. A call
    that hangs ends with its client, as a process of a shell does; LATE is cut off from its client at once, and carried
    out when the test lets it.
    """

    REFUSE = "refuse"
    HANG = "hang"
    LATE = "late"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    GARBAGE = "garbage"
    SLOW = "slow"
    CORRUPT = "corrupt"
    FULL = "full"
    KILL_HOST_BEFORE = "kill_host_before"
    KILL_HOST_AFTER = "kill_host_after"


@dataclass(frozen=True, slots=True)
class Fault:
    """An order. `verb` is a verb's name, "copy" or "*".

    `offset`: the byte to flip, or how many bytes are copied before a copy's host dies or its refusal comes.
    """

    verb: str
    kind: FaultKind
    times: int = 1
    error_kind: str = ""
    message: str = ""
    seconds: float = 0.0
    bytes_per_s: int = 0
    offset: int = 0
    volume: str = ""


class FaultBook:
    """The orders of one host, in a file; every call is atomic between processes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, fault: Fault) -> None:
        with self._changing() as faults:
            faults.append(fault)

    def take(self, verb: str) -> list[Fault]:
        """The orders that strike this call; each is used up by one."""
        if not self._path.exists():
            return []
        with self._changing() as faults:
            struck = [fault for fault in faults if fault.verb in (verb, ANY_VERB) and fault.kind != FaultKind.FULL]
            faults[:] = [_used(fault) if fault in struck else fault for fault in faults]
            faults[:] = [fault for fault in faults if fault.times > 0]
        return struck

    def is_full(self, letter: str) -> bool:
        """Whether the volume with this drive letter was ordered to be full."""
        return any(f.kind == FaultKind.FULL and f.volume[:1].upper() == letter.upper() for f in self.pending())

    def clear(self, matches: Callable[[Fault], bool] = lambda _: True) -> None:
        """Take back the orders that match."""
        with self._changing() as faults:
            faults[:] = [fault for fault in faults if not matches(fault)]

    def pending(self) -> list[Fault]:
        if not self._path.exists():
            return []
        with self._changing() as faults:
            return list(faults)

    @contextmanager
    def _changing(self) -> Iterator[list[Fault]]:
        with self._path.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            text = file.read()
            faults = [Fault(**(fields | {"kind": FaultKind(fields["kind"])})) for fields in json.loads(text or "[]")]
            before = list(faults)
            yield faults
            if faults != before:
                file.truncate(0)
                file.write(json.dumps([asdict(fault) for fault in faults]))


def _used(fault: Fault) -> Fault:
    return replace(fault, times=fault.times - 1)
