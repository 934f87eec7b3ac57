"""Ferry's mark in a VM's notes: a line "ferry-<job> start-action=<what AutomaticStartAction was>"."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARK = re.compile(r"(?P<tag>ferry-[0-9]+)(?: start-action=(?P<action>[A-Za-z]+))?")


@dataclass(frozen=True, slots=True)
class Mark:
    tag: str
    start_action: str | None


def marks(notes: str) -> list[Mark]:
    """All marks in these notes."""
    found = (_MARK.fullmatch(line.strip()) for line in notes.splitlines())
    return [Mark(match["tag"], match["action"]) for match in found if match]


def bears_mark(notes: str, tag: str) -> bool:
    return any(mark.tag == tag for mark in marks(notes))


def with_mark(notes: str, mark: Mark) -> str:
    line = f"{mark.tag} start-action={mark.start_action}"
    return f"{notes}\r\n{line}" if notes else line


def without_mark(notes: str, tag: str) -> str:
    return "\r\n".join(line for line in notes.splitlines() if not bears_mark(line, tag)).rstrip()
