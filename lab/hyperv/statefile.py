"""The runtime state file of a VM (.vmrs): a header that says whose state it is, then the memory when there is one."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.hyperv.refusal import Refused

HEADER_BYTES = 4096
_CHUNK_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class StateHeader:
    """`save_id` pairs the file with the configuration that was written by the same save; None: no memory in it."""

    uid: str
    save_id: str | None = None
    memory_mb: int = 0
    cpu_vendor: str = ""


def write_state(path: Path, header: StateHeader, memory: bytearray | None = None) -> None:
    """Write the file whole or not at all."""
    partial = path.with_name(path.name + ".new")
    with partial.open("wb", buffering=0) as file:
        file.write(json.dumps(asdict(header)).encode().ljust(HEADER_BYTES))
        view = memoryview(memory or b"")
        while view:
            view = view[file.write(view[:_CHUNK_BYTES]) or 0 :]
    partial.replace(path)


def read_state_header(path: Path) -> StateHeader:
    """Raises Refused NotFound or FileCorrupted."""
    try:
        with path.open("rb") as file:
            return StateHeader(**json.loads(file.read(HEADER_BYTES)))
    except FileNotFoundError:
        raise Refused("NotFound", f"The saved state file '{path.name}' was not found.", "ObjectNotFound") from None
    except (ValueError, TypeError):
        raise Refused("FileCorrupted", f"The file '{path.name}' is not a saved state.", "InvalidData") from None


def read_memory(path: Path, header: StateHeader) -> bytearray:
    """The saved memory. Raises Refused FileCorrupted when bytes are missing."""
    memory = bytearray(header.memory_mb << 20)
    view = memoryview(memory)
    done = 0
    with path.open("rb", buffering=0) as file:
        os.lseek(file.fileno(), HEADER_BYTES, os.SEEK_SET)
        while done < len(memory):
            count = file.readinto(view[done : done + _CHUNK_BYTES]) or 0
            if count == 0:
                raise Refused("FileCorrupted", f"The saved state '{path.name}' ends too early.", "InvalidData")
            done += count
    return memory
