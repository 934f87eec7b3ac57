"""Keys that live in files beside the database, never in it: made on first use, readable by their owner only."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def load_or_create(path: Path, generate: Callable[[], str]) -> str:
    """The text of the key file at `path`; made with `generate()` when it is not there. Safe against a race."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _create(path, generate())
    return path.read_text(encoding="ascii").strip()


def _create(path: Path, text: str) -> None:
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
