"""How long a move will take, and how long the VM will not answer, before it begins. Pure arithmetic.

total  = disks / rate + outage + overhead
outage = (memory + last delta) / rate + the fixed cost of saving, registering and restoring
The last delta is what the VM writes while the delta before it is copied. Ranges come from the range of the rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hosts import units

DEFAULT_RATE = 60_000_000
DEFAULT_RATE_SPREAD = 2.0
MEASURED_RATE_SPREAD = 1.3
FIXED_OUTAGE_S = (1.0, 8.0)
OVERHEAD_S = (3.0, 20.0)
LAST_DELTA_BYTES = (1_000_000, 64_000_000)
DEADLINE_FACTOR = 3


@dataclass(frozen=True, slots=True)
class Forecast:
    """Seconds, each as a range; `reason` says in a sentence what dominates."""

    total_low_s: float
    total_high_s: float
    outage_low_s: float
    outage_high_s: float
    reason: str


def forecast(
    disk_bytes: int,
    memory_mb: int,
    *,
    is_running: bool,
    past_rates: Sequence[float] = (),
    limit_bytes_per_s: int = 0,
) -> Forecast:
    """`past_rates`: bytes per second of earlier moves between the same hosts; may be empty. A limit of 0 is none."""
    fast, slow = (min(rate, limit_bytes_per_s or rate) for rate in _rates(past_rates))
    memory = memory_mb << 20
    outage = (0.0, 0.0)
    if is_running:
        outage = (
            (memory + LAST_DELTA_BYTES[0]) / fast + FIXED_OUTAGE_S[0],
            (memory + LAST_DELTA_BYTES[1]) / slow + FIXED_OUTAGE_S[1],
        )
    return Forecast(
        total_low_s=disk_bytes / fast + outage[0] + OVERHEAD_S[0],
        total_high_s=disk_bytes / slow + outage[1] + OVERHEAD_S[1],
        outage_low_s=outage[0],
        outage_high_s=outage[1],
        reason=_reason(memory, slow, bool(past_rates), is_running=is_running),
    )


def deadline_s(outage_high_s: float, at_least_s: float) -> float:
    """How long the outage may last before the source is resumed."""
    return max(at_least_s, DEADLINE_FACTOR * outage_high_s)


def _rates(past_rates: Sequence[float]) -> tuple[float, float]:
    """The fast and the slow end of the expected rate, bytes per second."""
    known = sorted(rate for rate in past_rates if rate > 0)
    if not known:
        return DEFAULT_RATE * DEFAULT_RATE_SPREAD, DEFAULT_RATE / DEFAULT_RATE_SPREAD
    return known[-1] * MEASURED_RATE_SPREAD, known[0] / MEASURED_RATE_SPREAD


def _reason(memory: int, slow: float, is_measured: bool, *, is_running: bool) -> str:
    source = "measured in earlier moves between these hosts" if is_measured else "assumed, as nothing is measured yet"
    if not is_running:
        return f"The virtual machine does not run, so there is no outage; the rate is {source}."
    dominant = "its memory" if memory / slow > FIXED_OUTAGE_S[1] else "saving, registering and restoring"
    return f"Most of the outage is {dominant} ({units.memory(memory >> 20)} of memory to send); the rate is {source}."
