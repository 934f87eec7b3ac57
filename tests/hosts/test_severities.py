"""Every rule can be broken, and does to the host what its severity says."""

from __future__ import annotations

from typing import Any

import pytest

from hosts.host_reasons import HOST_RULES
from hosts.rating_types import Options
from hosts.ratings import rate
from hosts.rules import RULES, Rule, Severity
from hosts.vm_reasons import VM_RULES
from tests.hosts.needs import GB, need, situation

# What breaks each rule and no other: the VM's and the host's changes.
BREAKS: dict[Rule, tuple[dict[str, Any], dict[str, Any]]] = {
    Rule.ANOTHER_HOST: ({}, {"has_vm": True}),
    Rule.HOST_STATE: ({}, {"is_responding": False}),
    Rule.MAINTENANCE: ({}, {"is_in_maintenance": True}),
    Rule.SOFTWARE: ({"kind": "vmware"}, {}),
    Rule.PHYSICAL_DISK: ({"pass_through_disks": ("SCSI 0:1",)}, {}),
    Rule.SHARED_DISK: ({"shared_disks": ("SCSI 0:1",)}, {}),
    Rule.ASSIGNED_DEVICE: ({"has_assigned_device": True}, {}),
    Rule.ATTACHED_ISO: ({"dvd_paths": ("D:\\a.iso",)}, {}),
    Rule.REPLICATION: ({"is_replicated": True}, {}),
    Rule.MERGE: ({"is_merging": True}, {}),
    Rule.CPU_VENDOR: ({}, {"cpu_vendor": "AuthenticAMD"}),
    Rule.CPU_FEATURES: ({"cpu_model": "A"}, {"cpu_model": "B"}),
    Rule.VM_VERSION: ({"version": "12.0"}, {}),
    Rule.CPU_COUNT: ({"cpu_count": 11}, {}),
    Rule.DYNAMIC_MEMORY: ({"has_dynamic_memory": True}, {"has_dynamic_memory": False}),
    Rule.POSSIBLE_OWNER: ({"possible_owners": frozenset()}, {}),
    Rule.EACH_DISK: ({"largest_disk_bytes": 310 * GB}, {}),
    Rule.MEMORY: ({}, {"memory_available_mb": 1_255, "memory_mb": 20_000}),
    Rule.ONE_VOLUME: ({"disk_bytes": 270 * GB}, {"free_bytes": {"C:\\": 200 * GB, "D:\\": 200 * GB}}),
    Rule.SOURCE_SPACE: ({"source_free_bytes": 0}, {}),
    Rule.NETWORK: ({"networks": frozenset({"Backup"})}, {}),
    Rule.VLAN: ({"vlans": frozenset({("LAN", 20)})}, {"vlans": frozenset()}),
    Rule.HIGH_AVAILABILITY: ({"is_clustered": True}, {}),
    Rule.CPU_RESERVE: ({"busy_processors": 6}, {}),
    Rule.DISK_IO_RESERVE: ({"disk_iops": 6_000}, {}),
    Rule.NETWORK_RESERVE: ({"network_mbps": 600}, {}),
    Rule.VLAN_IN_USE: ({"vlans": frozenset({("LAN", 20)})}, {"vlans_in_use": frozenset()}),
    Rule.PREFERRED_OWNER: ({"preferred_owners": frozenset({"HV07"})}, {}),
    Rule.ANTI_AFFINITY: ({"availability_sets": frozenset({"web"})}, {"availability_sets": frozenset({"web"})}),
}
CHANGEABLE = [rule for rule in Rule if not RULES[rule].is_locked]


def broken(rule: Rule, options: Options = Options()) -> Any:  # noqa: B008 - frozen
    vm, host = BREAKS[rule]
    return rate(need(**vm), situation(**host), options)


def test_the_map_of_rules_is_whole() -> None:
    checked = {rule for rule, _ in (*HOST_RULES, *VM_RULES)}
    of_factors = {Rule.ANOTHER_HOST, Rule.CPU_RESERVE, Rule.DISK_IO_RESERVE, Rule.NETWORK_RESERVE}

    assert set(RULES) == set(Rule) == set(BREAKS) == checked | of_factors


@pytest.mark.parametrize("rule", Rule)
def test_a_broken_rule_is_told_with_its_default_severity(rule: Rule) -> None:
    rating = broken(rule)

    found = {(it.rule, it.severity) for it in (*rating.zero_reasons, *rating.favours)}
    assert found - {(Rule.ONE_VOLUME, Severity.SHOULD_MEET)} <= {(rule, RULES[rule].default)}
    assert (rule, RULES[rule].default) in found


@pytest.mark.parametrize("rule", CHANGEABLE)
def test_must_meet_blocks(rule: Rule) -> None:
    rating = broken(rule, Options(severities={rule: Severity.MUST_MEET}))

    assert (rating.stars, rating.is_blocked) == (0, True)


@pytest.mark.parametrize("rule", CHANGEABLE)
def test_should_meet_takes_all_stars_and_leaves_the_choice(rule: Rule) -> None:
    rating = broken(rule, Options(severities={rule: Severity.SHOULD_MEET}))

    assert (rating.stars, rating.is_blocked) == (0, False)


@pytest.mark.parametrize("rule", CHANGEABLE)
def test_favor_takes_half_a_star_and_off_takes_none(rule: Rule) -> None:
    only = dict.fromkeys(set(CHANGEABLE) - {rule}, Severity.OFF)
    favoured = broken(rule, Options(severities=only | {rule: Severity.FAVOR}))
    off = broken(rule, Options(severities=only | {rule: Severity.OFF}))

    assert [it.rule for it in favoured.favours] == [rule]
    assert favoured.stars == max(0.5, off.stars - 0.5)
    assert (off.zero_reasons, off.favours) == ((), ())


@pytest.mark.parametrize("rule", set(Rule) - set(CHANGEABLE))
def test_a_rule_against_which_no_move_succeeds_blocks_whatever_was_stored(rule: Rule) -> None:
    assert broken(rule, Options(severities={rule: Severity.OFF})).is_blocked
