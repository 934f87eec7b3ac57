"""When a held VM may pause, and how often what it writes is copied until then. Pure.

Every copy of what was written needs a checkpoint, and every checkpoint is one more layer of every disk that the VM
reads through. So the looks are counted: at most LOOKS_AT_MOST of them are spread evenly over the time until the window
opens, the last one just before it. Without a window ahead each comes twice as long after the one before it, so that
twelve of them last for a month. CHECKPOINTS_AT_MOST bounds the chain whatever happens (Hyper-V allows 50).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LOOKS_AT_MOST = 12
CHECKPOINTS_AT_MOST = 32
LOOK_AFTER = timedelta(minutes=10)
LEAST_LEAD = timedelta(seconds=60)
ASLEEP_AT_MOST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CutOver:
    """What was said about the pause of the VM. `holds`: only in the window, or when a person ordered it.

    The window is open from `opens_at` until before `closes_at`; without `closes_at` it does not close.
    """

    holds: bool = False
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    is_ordered: bool = False

    def may_begin(self, now: datetime) -> bool:
        """A person ordered it, or the window is open."""
        return not self.holds or self.is_ordered or self._is_open(now)

    def fits(self, now: datetime, outage_s: float) -> bool:
        """The outage ends before the window closes. What a person orders is not asked."""
        is_bound = self.holds and not self.is_ordered and self.closes_at is not None
        return not is_bound or (self.closes_at is not None and now + timedelta(seconds=outage_s) <= self.closes_at)

    def opens_after(self, now: datetime) -> datetime | None:
        """When the window opens, if that is ahead."""
        return self.opens_at if self.opens_at is not None and self.opens_at > now else None

    def has_passed(self, now: datetime) -> bool:
        return self.closes_at is not None and now >= self.closes_at

    def _is_open(self, now: datetime) -> bool:
        return self.opens_at is not None and self.opens_at <= now and not self.has_passed(now)


def next_look(
    looks: Sequence[datetime], began_at: datetime, opens_at: datetime | None, lead: timedelta
) -> datetime | None:
    """When to look again whether to copy what was written; None: not before the cut-over.

    `opens_at`: of a window ahead; the last look before it comes `lead` earlier.
    """
    last, rest = max([began_at, *looks]), LOOKS_AT_MOST - len(looks)
    if rest <= 0:
        return None
    if opens_at is None:
        return last + LOOK_AFTER * (1 << len(looks))
    latest = opens_at - lead
    if last >= latest:
        return None
    return min(last + max(LOOK_AFTER, (latest - last) / rest), latest)


def lead_of(round_s: float) -> timedelta:
    """How long before the window opens the last round begins, if one lasts that long."""
    return max(LEAST_LEAD, timedelta(seconds=2 * round_s))


def clock(at: datetime, now: datetime) -> str:
    """ "02:00 CET", with the day when that is not today's: "3 Mar 02:00 CET". In the zone of this process: Ferry's."""
    at = at.astimezone()
    return f"{at:%H:%M %Z}" if at.date() == now.astimezone().date() else f"{at.day} {at:%b %H:%M %Z}"
