"""Small JSON files that are whole or not there."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())


def write_json(path: Path, value: Any, mode: int = 0o600, *, is_flushed: bool = False) -> None:
    """Write whole or not at all, on the disk before it has its name if `is_flushed`. Dataclasses become objects."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.new")
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "w") as file:
        json.dump(value, file, default=asdict, indent=1)
        if is_flushed:
            file.flush()
            os.fsync(file.fileno())
    partial.replace(path)
