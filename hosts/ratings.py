"""How well a host suits a VM: 0 to 5 stars with every reason. Pure arithmetic; docs/ratings.md has the sources."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from hosts.host_reasons import HOST_RULES
from hosts.rating_types import Factor, Goal, HostSituation, Options, Rating, Reason, VmNeed
from hosts.rules import RULES, Rule, Severity
from hosts.vm_reasons import VM_RULES

__all__ = ["Factor", "Goal", "HostSituation", "Options", "Rating", "VmNeed", "in_half_steps", "rate", "rater"]

NETWORK_MBPS = 1000.0
FAVOR_STARS = 0.5

_BY_DEFAULT = Options()
_ORDER = {rule: place for place, rule in enumerate(RULES)}
_FACTOR_RULES = (Rule.CPU_RESERVE, None, Rule.DISK_IO_RESERVE, Rule.NETWORK_RESERVE)
_Check = tuple[Rule, Severity, Callable[[VmNeed, HostSituation], Sequence[tuple[str, str]]]]


def rate(vm: VmNeed, host: HostSituation, options: Options = _BY_DEFAULT) -> Rating:
    """The host's rating for the VM; no other host has a say in it.

    Stars are 5 x (sum of the factors' weighted shares) / (sum of the weights) in half steps, less half a star for each
    broken rule of severity FAVOR, at least a half; 0 when there is a zero reason. Without any weight they begin at 5.
    """
    return rater(vm, options)(host)


def rater(vm: VmNeed, options: Options = _BY_DEFAULT) -> Callable[[HostSituation], Rating]:
    """`rate` for many hosts: what depends on the VM and the options alone is worked out once."""
    levels = {rule: options.severity(rule) for rule in RULES}
    checks: list[_Check] = [
        (rule, levels[rule], check) for rule, check in HOST_RULES if levels[rule] is not Severity.OFF
    ]
    of_vm = [
        Reason(rule, levels[rule], text, action)
        for rule, check in VM_RULES
        if levels[rule] is not Severity.OFF
        for text, action in check(vm)
    ]

    def rate_one(host: HostSituation) -> Rating:
        # On the host where the VM is already, after is now.
        factors = factors_of(vm, host, options, sign=0 if host.has_vm else 1)
        if host.has_vm:
            found = [_already_there(vm, host)]
        elif _has_never_answered(host):
            found = [_silent(host)]
        else:
            found = [*of_vm, *_broken(checks, vm, host), *_beyond_reserves(host, factors, levels)]
        return _rating(vm, host, factors, found)

    return rate_one


def factors_of(vm: VmNeed, host: HostSituation, options: Options, *, sign: int) -> tuple[Factor, ...]:
    """The four factors with the VM added (`sign` 1) or taken away (-1), whether or not it is there."""
    weights = _weights(options)
    total = sum(weights) or 1
    goal = options.goal
    made = []
    for (name, unit, now, added, capacity), weight in zip(_terms(vm, host), weights, strict=True):
        after = max(0.0, now + sign * added) if sign else now
        share = _share(after, capacity, goal)
        made.append(Factor(name, unit, now, after, max(0.0, capacity), weight, share, 5 * weight * share / total))
    return tuple(made)


def in_half_steps(stars: float) -> float:
    """The nearest half star, a half at least: a host that passes is not shown as one that does not."""
    return min(5.0, max(0.5, math.floor(stars * 2 + 0.5) / 2))


def _rating(vm: VmNeed, host: HostSituation, factors: tuple[Factor, ...], found: list[Reason]) -> Rating:
    reasons = tuple(sorted([it for it in found if it.severity is not Severity.FAVOR], key=_place)) if found else ()
    favours = tuple([it for it in found if it.severity is Severity.FAVOR]) if found else ()
    has_weight = any(factor.weight for factor in factors)
    exact = sum([factor.stars for factor in factors]) if has_weight else 5.0
    volume = max(host.free_bytes, key=host.free_bytes.__getitem__, default="")
    arriving = 0 if host.has_vm else 1
    return Rating(
        stars=0.0 if reasons else max(0.5, in_half_steps(exact) - FAVOR_STARS * len(favours)),
        factors=factors,
        zero_reasons=reasons,
        favours=favours,
        warnings=(_loses_cluster(vm, host),) if vm.is_clustered else (),
        memory_after_mb=host.memory_available_mb - arriving * vm.needed_memory_mb,
        disk_after_bytes=host.free_bytes.get(volume, 0) - arriving * vm.needed_disk_bytes,
        volume=volume,
    )


def _place(reason: Reason) -> tuple[bool, int]:
    """Those that block first, then in the order of the rules."""
    return not reason.is_blocking, _ORDER[reason.rule]


def _already_there(vm: VmNeed, host: HostSituation) -> Reason:
    """Of the host where the VM is already nothing else is asked."""
    text = f"{vm.name} is on {host.name} already."
    return Reason(Rule.ANOTHER_HOST, Severity.MUST_MEET, text, "Choose another host.")


def _has_never_answered(host: HostSituation) -> bool:
    return not host.is_responding and not host.memory_mb


def _silent(host: HostSituation) -> Reason:
    """What nobody knows of a host is not told as if it were missing there."""
    text = f"{host.name} has never told what it has; its state is {host.state}."
    return Reason(Rule.HOST_STATE, Severity.MUST_MEET, text, "Open the host's page, which says why.")


def _broken(checks: Sequence[_Check], vm: VmNeed, host: HostSituation) -> list[Reason]:
    return [
        Reason(rule, severity, text, action) for rule, severity, check in checks for text, action in check(vm, host)
    ]


def _beyond_reserves(
    host: HostSituation, factors: tuple[Factor, ...], levels: dict[Rule, Severity]
) -> Iterator[Reason]:
    """Memory has a rule of its own, because a restore that finds too little of it fails."""
    for factor, rule in zip(factors, _FACTOR_RULES, strict=True):
        if factor.after > factor.capacity and rule is not None and levels[rule] is not Severity.OFF:
            text = (
                f"{factor.name} of {host.name} would be at {factor.after:,.0f} {factor.unit} after the move; "
                f"its reserve leaves {factor.capacity:,.0f} {factor.unit}."
            )
            action = f"Choose a host with less load, or lower the reserve of {host.name}."
            yield Reason(rule, levels[rule], text, action)


def _loses_cluster(vm: VmNeed, host: HostSituation) -> str:
    return (
        f"{vm.name} is highly available; the move takes it out of its cluster, "
        f"and on {host.name} it is not highly available until somebody makes it so."
    )


def _weights(options: Options) -> tuple[float, float, float, float]:
    return options.cpu_weight, options.memory_weight, options.disk_weight, options.network_weight


def _terms(vm: VmNeed, host: HostSituation) -> tuple[tuple[str, str, float, float, float], ...]:
    """Name, unit, load now, load the VM adds, usable capacity: of each resource, in the order of the weights."""
    reserves = host.reserves
    vm_cpu_percent = 100 * vm.busy_processors / host.cpu_count if host.cpu_count else 100.0
    vm_network_percent = 100 * vm.network_mbps / (host.network_mbps or NETWORK_MBPS)
    used_mb = host.memory_mb - host.memory_available_mb
    return (
        ("CPU", "%", host.cpu_percent, vm_cpu_percent, 100 - reserves.cpu_percent),
        ("Memory", "MB", used_mb, vm.needed_memory_mb, host.memory_mb - reserves.memory_mb),
        ("Disk I/O", "IOPS", host.disk_iops, vm.disk_iops, reserves.max_disk_iops),
        ("Network", "%", host.network_percent, vm_network_percent, 100 - reserves.network_percent),
    )


def _share(used: float, capacity: float, goal: Goal) -> float:
    """How much of its weight a factor gets, 0 to 1; nothing when there is no capacity or more is used than there is."""
    if capacity <= 0 or used > capacity:
        return 0.0
    used_part = used / capacity if used > 0 else 0.0
    return used_part if goal is Goal.CONSOLIDATE else 1 - used_part
