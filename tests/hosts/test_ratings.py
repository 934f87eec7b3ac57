"""Stars are what the published formulas give, worked out by hand, and behave for every VM and host there can be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hosts.providers.types import VmState
from hosts.rating_types import Goal, HostSituation, Options, Reserves, VmNeed
from hosts.ratings import in_half_steps, rate, rater
from hosts.rules import Rule, Severity
from tests.hosts.needs import GB, need, situation

FILL = Options(goal=Goal.CONSOLIDATE)
IDLE: dict[str, Any] = {"cpu_percent": 0, "memory_available_mb": 10_256, "disk_iops": 0, "network_percent": 0}
BUSY: dict[str, Any] = {
    "cpu_percent": 80,
    "memory_available_mb": 2_256,
    "disk_iops": 9_000,
    "network_percent": 81,
}
NO_RESERVES = dict.fromkeys((Rule.CPU_RESERVE, Rule.DISK_IO_RESERVE, Rule.NETWORK_RESERVE), Severity.OFF)
FULL: dict[str, Any] = {"cpu_percent": 95, "memory_available_mb": 1_356, "disk_iops": 20_000, "network_percent": 100}


@pytest.mark.parametrize(
    ("host", "options", "stars", "exactly"),
    [
        # 5x(1-45/90) + 8x(1-4000/10000) + 2x(1-5000/10000) + 2x(1-45/90) = 2.5 + 4.8 + 1 + 1 = 9.3 of 17
        ({}, Options(), 2.5, 5 * 9.3 / 17),
        # 5x(1-10/90) + 8x(1-1000/10000) + 2 + 2 = 4.4444 + 7.2 + 4
        (IDLE, Options(), 4.5, 5 * (40 / 9 + 11.2) / 17),
        # 5x(1-90/90) + 8x(1-9000/10000) + 2x0.1 + 2x(1-81/90) = 0 + 0.8 + 0.2 + 0.2
        (BUSY, Options(), 0.5, 5 * 1.2 / 17),
        # all that is left is 8x(1-9900/10000) = 0.08; the rules about reserves are off, and it passes: never none
        (FULL, Options(severities=NO_RESERVES), 0.5, 5 * 0.08 / 17),
        # used instead of unused: 5x0.5 + 8x0.4 + 2x0.5 + 2x0.5 = 7.7
        ({}, FILL, 2.5, 5 * 7.7 / 17),
        (IDLE, FILL, 0.5, 5 * (5 / 9 + 0.8) / 17),
        # 5x1 + 8x0.9 + 2x0.9 + 2x0.9 = 15.8
        (BUSY, FILL, 4.5, 5 * 15.8 / 17),
        # what is beyond its capacity counts nothing: only 8x0.99 = 7.92, 2.33 stars
        (FULL, Options(goal=Goal.CONSOLIDATE, severities=NO_RESERVES), 2.5, 5 * 7.92 / 17),
        ({}, Options(cpu_weight=0, disk_weight=0, network_weight=0), 3.0, 3.0),
        ({}, Options(cpu_weight=10, memory_weight=0, disk_weight=0, network_weight=0), 2.5, 2.5),
        ({}, Options(cpu_weight=0, memory_weight=0, disk_weight=0, network_weight=0), 5.0, 0.0),
    ],
)
def test_the_golden_table(host: dict[str, Any], options: Options, stars: float, exactly: float) -> None:
    rating = rate(need(), situation(**host), options)

    assert rating.zero_reasons == ()
    assert rating.stars == stars
    assert sum(factor.stars for factor in rating.factors) == pytest.approx(exactly)


def test_a_rating_tells_what_remains() -> None:
    rating = rate(need(), situation())

    assert rating.memory_after_mb == 6_256
    # 12 GB of disks, a tenth of that for what is written while they are copied, 1,000 MB of state
    assert (rating.volume, rating.disk_after_bytes) == ("D:\\", 288 * GB - int(1.2 * GB) - 1000 * 2**20)


def test_the_host_of_the_vm_is_told_as_it_is() -> None:
    rating = rate(need(), situation(has_vm=True))

    assert rating.stars == 0
    assert [factor.now for factor in rating.factors] == [factor.after for factor in rating.factors]
    assert rating.memory_after_mb == 7_256


@pytest.mark.parametrize(
    ("state", "memory", "demand", "startup", "needed"),
    [
        (VmState.OFF, 0, 0, 800, 800),
        (VmState.SAVED, 2000, 0, 800, 2000),
        (VmState.SAVED, 500, 0, 800, 800),
        (VmState.RUNNING, 1000, 500, 800, 1000),
        (VmState.RUNNING, 1000, 1500, 800, 1500),
        (VmState.PAUSED, 1000, 0, 800, 1000),
    ],
)
def test_memory_a_vm_needs(state: VmState, memory: int, demand: int, startup: int, needed: int) -> None:
    vm = need(state=state, memory_mb=memory, memory_demand_mb=demand, memory_startup_mb=startup)

    assert vm.needed_memory_mb == needed


def test_room_a_vm_needs_is_its_disks_their_growth_and_its_state() -> None:
    assert need(state=VmState.OFF).needed_disk_bytes == 12 * GB
    assert need(memory_mb=1024, disk_bytes=20 * GB).needed_disk_bytes == 23 * GB
    assert need(state=VmState.SAVED, memory_mb=1024, state_files_bytes=2 * GB).needed_disk_bytes == 14 * GB


@pytest.mark.parametrize(("exact", "shown"), [(0, 0.5), (0.74, 0.5), (0.75, 1.0), (2.25, 2.5), (4.76, 5), (9, 5)])
def test_half_steps(exact: float, shown: float) -> None:
    assert in_half_steps(exact) == shown


percent = st.floats(0, 100)
amount = st.integers(0, 1 << 20)
vms = st.builds(
    need,
    state=st.sampled_from(VmState),
    cpu_count=st.integers(1, 64),
    busy_processors=st.floats(0, 64),
    memory_mb=amount,
    memory_startup_mb=amount,
    disk_bytes=st.integers(0, 1 << 45),
    largest_disk_bytes=st.integers(0, 1 << 45),
    disk_iops=st.floats(0, 1e5),
    network_mbps=st.floats(0, 1e5),
    is_clustered=st.booleans(),
    dvd_paths=st.lists(st.just("D:\\a.iso"), max_size=1).map(tuple),
    vlans=st.frozensets(st.tuples(st.just("LAN"), st.integers(1, 3))),
    source_free_bytes=st.none() | st.integers(0, 1 << 40),
)
hosts = st.builds(
    situation,
    cpu_count=st.integers(0, 512),
    cpu_percent=percent,
    memory_mb=amount,
    memory_available_mb=amount,
    disk_iops=st.floats(0, 1e6),
    network_percent=percent,
    free_bytes=st.dictionaries(st.sampled_from(["C:\\", "D:\\"]), st.integers(0, 1 << 46)),
    is_in_maintenance=st.booleans(),
    is_responding=st.booleans(),
    has_vm=st.booleans(),
    network_mbps=st.none() | st.floats(0, 1e5),
    vlans_in_use=st.none() | st.frozensets(st.tuples(st.just("LAN"), st.integers(1, 3))),
    reserves=st.builds(
        Reserves,
        cpu_percent=st.integers(0, 120),
        memory_mb=amount,
        disk_mb=amount,
        max_disk_iops=st.integers(0, 20_000),
        network_percent=st.integers(0, 120),
    ),
)
weight = st.integers(0, 10)
severities = st.dictionaries(st.sampled_from(Rule), st.sampled_from(Severity))
options = st.builds(Options, st.sampled_from(Goal), weight, weight, weight, weight, severities=severities)


@given(vms, hosts, options)
def test_stars_are_half_steps_from_0_to_5_and_0_only_with_a_reason(
    vm: VmNeed, host: HostSituation, options: Options
) -> None:
    rating = rate(vm, host, options)

    assert rating.stars in [step / 2 for step in range(11)]
    assert (rating.stars == 0) == bool(rating.zero_reasons)
    assert rating.is_blocked == any(it.severity is Severity.MUST_MEET for it in rating.zero_reasons)
    assert all(0 <= factor.share <= 1 for factor in rating.factors)
    assert all(reason.text.endswith(".") and reason.action.endswith(".") for reason in rating.zero_reasons)


@given(vms, hosts, options, st.floats(0, 200), amount)
def test_more_load_never_gives_more_stars(
    vm: VmNeed, host: HostSituation, options: Options, more: float, more_mb: int
) -> None:
    options = replace(options, goal=Goal.LOAD_BALANCE)
    loaded = replace(
        host,
        cpu_percent=host.cpu_percent + more,
        memory_available_mb=host.memory_available_mb - more_mb,
        disk_iops=host.disk_iops + 100 * more,
        network_percent=host.network_percent + more,
    )
    greedy = replace(vm, busy_processors=vm.busy_processors + more, memory_mb=vm.memory_mb + more_mb)

    assert rate(vm, loaded, options).stars <= rate(vm, host, options).stars
    assert rate(greedy, host, options).stars <= rate(vm, host, options).stars


@given(vms, st.lists(hosts, max_size=4), options)
def test_no_host_has_a_say_in_the_rating_of_another(vm: VmNeed, others: list[HostSituation], options: Options) -> None:
    shared = rater(vm, options)
    for other in others:
        shared(other)

    assert shared(situation()) == rate(vm, situation(), options)


NONSENSE: dict[str, dict[str, Any]] = {
    "a reserve above the memory": {"reserves": Reserves(memory_mb=1 << 30)},
    "no operations at all": {"reserves": Reserves(max_disk_iops=0), "disk_iops": 0},
    "everything reserved": {"reserves": Reserves(cpu_percent=100, network_percent=100), "cpu_percent": 0},
    "no processors": {"cpu_count": 0},
    "no volumes": {"free_bytes": {}},
    "more memory available than there is": {"memory_mb": 100},
}


@pytest.mark.parametrize("host", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_rated_with_a_reason_and_divides_by_nothing(host: dict[str, Any]) -> None:
    for goal in Goal:
        rating = rate(need(), situation(**host), Options(goal=goal))

        assert 0 <= rating.stars <= 5
        assert (rating.stars == 0) == bool(rating.zero_reasons)


def test_a_host_that_never_answered_is_told_by_that_alone() -> None:
    nothing: dict[str, Any] = {"cpu_count": 0, "memory_mb": 0, "memory_available_mb": 0, "free_bytes": {}}

    (reason,) = rate(need(), situation(**nothing, is_responding=False, state="Pending")).zero_reasons

    assert (reason.rule, reason.is_blocking) == (Rule.HOST_STATE, True)
    assert reason.text == "HV02 has never told what it has; its state is Pending."


def test_a_vm_without_disks_fits_anywhere() -> None:
    assert rate(need(state=VmState.OFF, disk_bytes=0), situation(free_bytes={"D:\\": GB})).stars > 0
