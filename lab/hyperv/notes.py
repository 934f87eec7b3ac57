"""Ferry's lines in a VM's notes: the mark "ferry-<job> start-action=<what AutomaticStartAction was>", and
"ferry-<job> start-ordered" once the job has told this host to start the VM."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(r"(?P<tag>ferry-[0-9]+)(?: (?:start-action=(?P<action>[A-Za-z]+)|(?P<order>start-ordered)))?")


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of a tag, and what it says."""

    tag: str
    start_action: str | None
    is_start_order: bool = False


def marks(notes: str) -> list[Mark]:
    """All of Ferry's lines in these notes."""
    found = (_LINE.fullmatch(line.strip()) for line in notes.splitlines())
    return [Mark(match["tag"], match["action"], match["order"] is not None) for match in found if match]


def bears_mark(notes: str, tag: str) -> bool:
    return any(mark.tag == tag for mark in marks(notes))


def noted_action(notes: str, tag: str) -> str | None:
    """The automatic start action that was noted with the tag."""
    return next((mark.start_action for mark in marks(notes) if mark.tag == tag and mark.start_action), None)


def start_ordered_by(notes: str) -> str | None:
    """The tag of the job that ordered the start."""
    return next((mark.tag for mark in marks(notes) if mark.is_start_order), None)


def with_action(notes: str, tag: str, start_action: str) -> str:
    return _with_line(notes, f"{tag} start-action={start_action}")


def with_start_order(notes: str, tag: str) -> str:
    return notes if start_ordered_by(notes) == tag else _with_line(notes, f"{tag} start-ordered")


def without_start_order(notes: str, tag: str) -> str:
    return "\r\n".join(line for line in notes.splitlines() if line.strip() != f"{tag} start-ordered").rstrip()


def without_mark(notes: str, tag: str) -> str:
    """Without any line of the tag."""
    return "\r\n".join(line for line in notes.splitlines() if not bears_mark(line, tag)).rstrip()


def _with_line(notes: str, line: str) -> str:
    return f"{notes}\r\n{line}" if notes else line
