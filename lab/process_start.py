"""Which process a number means: numbers are used again."""

from __future__ import annotations

from pathlib import Path


def process_start(pid: int) -> str | None:
    """The kernel's start time of a living process, which tells it from a later one with the same id."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]
