"""How well a host suits a VM: 0 to 5 stars with every reason. Pure arithmetic; docs/ratings.md has the sources."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hosts.rating_types import (
    Factor,
    Goal,
    HostSituation,
    Options,
    Rating,
    Reserves,
    VmNeed,
    ZeroReason,
)
from hosts.zero_reasons import zero_reasons

__all__ = [
    "Factor",
    "Goal",
    "HostSituation",
    "Options",
    "Rating",
    "Reserves",
    "VmNeed",
    "ZeroReason",
    "in_half_steps",
    "rate",
]

_BY_DEFAULT = Options()


def rate(vm: VmNeed, host: HostSituation, options: Options = _BY_DEFAULT) -> Rating:
    """The host's rating for the VM; no other host has a say in it.

    Stars are 5 x (sum of the factors' weighted shares) / (sum of the weights) in half steps, at least a half;
    0 when there is a zero reason, and 5 when no factor has any weight.
    """
    reasons = tuple(zero_reasons(vm, host))
    factors = tuple(_factors(vm, host, options))
    has_weight = any(factor.weight for factor in factors)
    passing = in_half_steps(sum(factor.stars for factor in factors)) if has_weight else 5.0
    volume = max(host.free_bytes, key=lambda path: host.free_bytes[path], default="")
    arriving = 0 if host.has_vm else 1
    return Rating(
        stars=0.0 if reasons else passing,
        factors=factors,
        zero_reasons=reasons,
        warnings=tuple(_warnings(vm, host, factors)),
        memory_after_mb=host.memory_available_mb - arriving * vm.needed_memory_mb,
        disk_after_bytes=host.free_bytes.get(volume, 0) - arriving * vm.needed_disk_bytes,
        volume=volume,
    )


def in_half_steps(stars: float) -> float:
    """The nearest half star, a half at least: a host that passes is not shown as one that does not."""
    return min(5.0, max(0.5, math.floor(stars * 2 + 0.5) / 2))


def _factors(vm: VmNeed, host: HostSituation, options: Options) -> Iterator[Factor]:
    """The four terms of the formula; on the host where the VM is already, `after` is `now`."""
    weights = [max(0.0, weight) for weight in _weights(options)]
    total = sum(weights)
    for (name, unit, now, added, capacity), weight in zip(_terms(vm, host), weights, strict=True):
        after = now if host.has_vm else now + added
        share = _share(after, capacity, options.goal)
        stars = 5 * weight * share / total if total else 0.0
        yield Factor(name, unit, now, after, max(0.0, capacity), weight, share, stars)


def _weights(options: Options) -> tuple[float, float, float, float]:
    return options.cpu_weight, options.memory_weight, options.disk_weight, options.network_weight


def _terms(vm: VmNeed, host: HostSituation) -> Iterator[tuple[str, str, float, float, float]]:
    """Name, unit, load now, load the VM adds, usable capacity: of each resource, in the order of the weights."""
    reserves = host.reserves
    vm_cpu_percent = 100 * vm.busy_processors / host.cpu_count if host.cpu_count else 100.0
    used_mb = host.memory_mb - host.memory_available_mb
    yield "CPU", "%", host.cpu_percent, vm_cpu_percent, 100 - reserves.cpu_percent
    yield "Memory", "MB", used_mb, vm.needed_memory_mb, host.memory_mb - reserves.memory_mb
    yield "Disk I/O", "IOPS", host.disk_iops, vm.disk_iops, reserves.max_disk_iops
    yield "Network", "%", host.network_percent, vm.network_percent, 100 - reserves.network_percent


def _share(used: float, capacity: float, goal: Goal) -> float:
    """How much of its weight a factor gets, 0 to 1; nothing when there is no capacity or more is used than there is."""
    if capacity <= 0 or used > capacity:
        return 0.0
    used_part = max(0.0, used) / capacity
    return used_part if goal == Goal.CONSOLIDATE else 1 - used_part


def _warnings(vm: VmNeed, host: HostSituation, factors: tuple[Factor, ...]) -> Iterator[str]:
    if vm.is_clustered:
        yield (
            f"{vm.name} is highly available; the move takes it out of its cluster, "
            f"and on {host.name} it is not highly available until somebody makes it so."
        )
    for factor in factors:
        if factor.after > factor.capacity and factor.name != "Memory":
            yield (
                f"{factor.name} of {host.name} would be at {factor.after:,.0f} {factor.unit} after the move; "
                f"its reserve leaves {factor.capacity:,.0f} {factor.unit}."
            )
