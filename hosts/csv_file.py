"""Tables as CSV files that a spreadsheet opens without running anything that stands in a cell."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

# A cell that begins so is a formula to a spreadsheet, after whatever cannot be seen; names come from elsewhere. After a
# semicolon, too: where Excel is set to German or French it begins a cell.
_BEGINS = "[=+\\-@\uff0b\uff0d\uff1d\uff20]"
_UNSEEN = "[\\s\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
_FORMULA = re.compile(f"^(?={_UNSEEN}*{_BEGINS}|[\\t\\r\\n])|(?<=[;\\t\\r\\n])(?={_BEGINS})")

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
        return _FORMULA.sub("'", cell)
    return f"{cell:.2f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell)
