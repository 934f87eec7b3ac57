"""The table that scripts/bench prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """`aim`: what the figure should be; empty where there is no aim."""

    what: str
    figure: str
    aim: str = ""


def as_markdown(rows: Sequence[Row]) -> str:
    cells = [("what", "measured", "aim"), *((row.what, row.figure, row.aim) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)
