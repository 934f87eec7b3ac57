"""How two ratings of one host for one VM differ, as sentences for somebody who looked at the first one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hosts.placement import Rated
from hosts.rating_types import MB
from hosts.units import duration, memory, size

# Smaller changes are the daily breathing of a host, not news.
_MEMORY_MB = 64
_DISK_BYTES = 256 * MB
_PERCENT = 5.0
_IOPS = 200.0


def differences(before: Rated, after: Rated, age_s: float | None) -> Iterator[str]:
    """`age_s`: how old the first one's facts were; None when the host had never answered."""
    ago = f"than {duration(age_s)} ago" if age_s is not None else "than was known"
    name = after.situation.name
    yield from _of_vm(before, after)
    yield from _amounts(before, after, ago)
    yield from _volumes(before.situation.free_bytes, after.situation.free_bytes, name, ago)
    yield from _sets(before.situation.networks, after.situation.networks, name)
    was, now = before.rating, after.rating
    texts, old_texts = [it.text for it in now.zero_reasons], [it.text for it in was.zero_reasons]
    if bool(texts) != bool(old_texts):
        yield f"There is a reason against {name} now." if texts else f"Nothing speaks against {name} any more."
    if was.stars != now.stars:
        yield f"{name} has {now.stars:g} stars now; it had {was.stars:g} before."


def _of_vm(before: Rated, after: Rated) -> Iterator[str]:
    was, now = before.need, after.need
    if was.source_name != now.source_name:
        yield f"{now.name} is on {now.source_name} now; it was on {was.source_name}."
    if was.state != now.state:
        yield f"{now.name} is {now.state.value} now; it was {was.state.value}."
    if abs(now.needed_memory_mb - was.needed_memory_mb) >= _MEMORY_MB:
        yield f"{now.name} needs {memory(now.needed_memory_mb)} of memory now; it was {memory(was.needed_memory_mb)}."
    if abs(now.disk_bytes - was.disk_bytes) >= _DISK_BYTES:
        yield f"The disks of {now.name} take {size(now.disk_bytes)} now; it was {size(was.disk_bytes)}."


def _amounts(before: Rated, after: Rated, ago: str) -> Iterator[str]:
    was, now = before.situation, after.situation
    if was.state != now.state:
        yield f"The state of {now.name} is {now.state} now; it was {was.state}."
    gained_mb = now.memory_available_mb - was.memory_available_mb
    if abs(gained_mb) >= _MEMORY_MB:
        yield f"{now.name} has {memory(abs(gained_mb))} {_more(gained_mb)} memory free {ago}."
    for what, old, new in (
        ("CPU", was.cpu_percent, now.cpu_percent),
        ("network", was.network_percent, now.network_percent),
    ):
        if abs(new - old) >= _PERCENT:
            yield f"The {what} load of {now.name} is {new:.0f} %, {abs(new - old):.0f} points {_up(new - old)} {ago}."
    gained_iops = now.disk_iops - was.disk_iops
    if abs(gained_iops) >= _IOPS:
        yield f"{now.name} does {abs(gained_iops):,.0f} IOPS {_more(gained_iops)} {ago}."


def _volumes(was: Mapping[str, int], now: Mapping[str, int], name: str, ago: str) -> Iterator[str]:
    yield from (f"{path} of {name} is gone." for path in sorted(was.keys() - now.keys()))
    yield from (f"{name} has a new volume {path}." for path in sorted(now.keys() - was.keys()))
    for path in sorted(was.keys() & now.keys()):
        gained = now[path] - was[path]
        if abs(gained) >= _DISK_BYTES:
            yield f"{path} of {name} has {size(abs(gained))} {_more(gained)} free {ago}."


def _sets(was: frozenset[str], now: frozenset[str], name: str) -> Iterator[str]:
    yield from (f"{name} has no virtual network {network} any more." for network in sorted(was - now))
    yield from (f"{name} has a new virtual network {network}." for network in sorted(now - was))


def _more(gained: float) -> str:
    return "more" if gained > 0 else "less"


def _up(gained: float) -> str:
    return "higher" if gained > 0 else "lower"
