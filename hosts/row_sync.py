"""Makes a set of rows be as wanted while writing only what differs: most refreshes change almost nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import TypeVar

from django.db.models import Model

Row = TypeVar("Row", bound=Model)


def sync(
    model: type[Row], existing: Iterable[Row], wanted: Iterable[Row], key: Sequence[str], values: Sequence[str]
) -> None:
    """Delete the rows of `existing` that are not wanted, write those that are new or have other `values`.

    `key` are the two or more columns of a unique constraint, `values` the columns that may change.
    """
    pick_key, pick_values = attrgetter(*key), attrgetter(*values)
    before = {pick_key(row): row for row in existing}
    after = {pick_key(row): row for row in wanted}
    gone = [row.pk for at, row in before.items() if at not in after]
    changed = [row for at, row in after.items() if at not in before or pick_values(before[at]) != pick_values(row)]
    if gone:
        model._default_manager.filter(pk__in=gone).delete()
    if changed:
        model._default_manager.bulk_create(changed, update_conflicts=True, unique_fields=key, update_fields=values)
