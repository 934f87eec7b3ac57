"""Which works share a process on their host: works of one lane are done one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from hosts.providers.types import CopyOrder, HashOrder

# Four streams keep a 10 Gbit/s link and a disk queue busy; each is a process of some 80 MB with a core for its SHA-256,
# on hosts whose cores belong to their VMs.
LANES = 4
# A process costs a host about half a second before it moves a byte (WMI, powershell.exe, signing in to the share).
# Files smaller than what a fast link moves in that time are done sooner one after the other.
LARGE_BYTES = 256 << 20


def lanes(orders: Sequence[CopyOrder | HashOrder]) -> list[int]:
    """The lane of each order: as many lanes as there are large files, LANES at most, filled evenly.

    Copies and hashes, which different scripts do, share none.
    """
    chosen: dict[str, int] = {}
    for kind in (CopyOrder, HashOrder):
        chosen |= _shared_out([order for order in orders if isinstance(order, kind)])
    return [chosen[order.work_id] for order in orders]


def _shared_out(orders: Sequence[CopyOrder | HashOrder]) -> dict[str, int]:
    """The largest first, each to the lane that has least to do."""
    count = min(LANES, max(1, sum(order.size_bytes >= LARGE_BYTES for order in orders)))
    filled = [0] * count
    chosen = {}
    for order in sorted(orders, key=lambda order: -order.size_bytes):
        lane = filled.index(min(filled))
        filled[lane] += order.size_bytes
        chosen[order.work_id] = lane
    return chosen
