"""One writer at a time, where rows of the inventory are compared before they are written."""

from __future__ import annotations

from hosts.models import HostGroup


def lock_inventory() -> None:
    """Inside a transaction, until its end. Two refreshes that see the same VM must not both take its row, nor two
    people move two groups into each other (SQLite has only one writer anyhow)."""
    list(HostGroup.objects.select_for_update().filter(parent=None).values_list("pk"))
