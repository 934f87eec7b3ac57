"""Tables as CSV files that a spreadsheet opens without running anything that stands in a cell."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

# A cell that begins so is a formula to a spreadsheet; names of hosts and VMs come from elsewhere.
_FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")

Cell = str | int | float | None


def csv_file(name: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """A download in UTF-8, with the mark by which Excel knows it."""
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(response)
    writer.writerow(head)
    writer.writerows([_written(cell) for cell in row] for row in rows)
    return response


def _written(cell: Cell) -> str:
    """Numbers with two decimals at most; text that looks like a formula after an apostrophe."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA_BEGINS) else cell
    return f"{cell:.2f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell)
