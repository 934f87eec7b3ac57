"""Each reason for no stars is given when it holds and only then, and blocks when the move could not succeed."""

from __future__ import annotations

from typing import Any

import pytest

from hosts.providers.types import VmState
from hosts.rating_types import Reason
from hosts.ratings import rate
from hosts.rules import Rule
from tests.hosts.needs import GB, need, situation


def reasons(vm: dict[str, Any], host: dict[str, Any]) -> tuple[Reason, ...]:
    return rate(need(**vm), situation(**host)).zero_reasons


@pytest.mark.parametrize(
    ("vm", "host", "text", "is_blocking"),
    [
        ({}, {"has_vm": True}, "WEB01 is on HV02 already.", True),
        ({}, {"is_responding": False, "state": "Access Denied"}, "The state of HV02 is Access Denied.", True),
        ({}, {"is_in_maintenance": True}, "HV02 is in maintenance mode.", True),
        ({"kind": "libvirt"}, {}, "HV02 runs other virtualization software than WEB01.", True),
        (
            {"pass_through_disks": ("SCSI 0:1",)},
            {},
            "WEB01 has the pass-through disk at SCSI 0:1, which cannot be moved to another host.",
            True,
        ),
        (
            {"state": VmState.SAVED},
            {"cpu_vendor": "AuthenticAMD"},
            "WEB01 is saved on processors of GenuineIntel; HV02 has processors of AuthenticAMD.",
            True,
        ),
        ({"version": "11.0"}, {}, "HV02 does not support configuration version 11.0 of WEB01.", True),
        (
            {"cpu_count": 11},
            {},
            "WEB01 has 11 virtual processors and HV02 has 10 logical processors.",
            True,
        ),
        (
            {"memory_mb": 7_000},
            {},
            "WEB01 needs 6.8 GB of memory; HV02 has 6.8 GB above its reserve of 256 MB.",
            False,
        ),
        (
            {"disk_bytes": 290 * GB, "state": VmState.OFF},
            {"free_bytes": {"C:\\": 200 * GB, "D:\\": 200 * GB}},
            "WEB01 needs 290 GB on one volume; HV02 has 200 GB at most, above its reserve of 100 MB.",
            False,
        ),
        (
            {"cpu_model": "Xeon Gold 6338"},
            {"cpu_model": "Xeon Silver 4110"},
            (
                "WEB01 is running on Xeon Gold 6338 without processor compatibility; "
                "HV02 has Xeon Silver 4110, which may lack features it uses."
            ),
            False,
        ),
        (
            {"has_assigned_device": True},
            {},
            "WEB01 has a device of its host assigned to it, which cannot be moved to another host.",
            True,
        ),
        (
            {"shared_disks": ("SCSI 0:1",)},
            {},
            "WEB01 has the shared disk at SCSI 0:1, which cannot be moved to another host.",
            True,
        ),
        (
            {"dvd_paths": ("D:\\a.iso",)},
            {},
            "D:\\a.iso is in the DVD drive of WEB01, and no other host has it there.",
            True,
        ),
        (
            {"is_replicated": True},
            {},
            "WEB01 is replicated by Hyper-V Replica, and the replication would break.",
            True,
        ),
        ({"is_merging": True}, {}, "Checkpoints of WEB01 are being merged.", True),
        (
            {"has_dynamic_memory": True},
            {"has_dynamic_memory": False},
            "WEB01 has dynamic memory, which HV02 does not support.",
            True,
        ),
        (
            {"possible_owners": frozenset({"HV07"})},
            {},
            "HV02 is not among the possible owners of WEB01.",
            True,
        ),
        (
            {"source_name": "HV01", "source_free_bytes": GB},
            {},
            (
                "A volume with disks of WEB01 on HV01 has 1.0 GB free; while they are copied, "
                "its checkpoint may grow by 1.2 GB."
            ),
            False,
        ),
        (
            {"vlans": frozenset({("LAN", 20)})},
            {"vlans": frozenset({("LAN", 30)})},
            "LAN of HV02 does not carry VLAN 20, which WEB01 is in.",
            False,
        ),
        (
            {},
            {"kind": "local"},
            "HV02 is this machine; it runs no virtualization software that Ferry moves virtual machines to.",
            True,
        ),
        (
            {},
            {"cpu_percent": 85.0},
            "CPU of HV02 would be at 95 % after the move; its reserve leaves 90 %.",
            False,
        ),
        (
            {"disk_iops": 5_001},
            {},
            "Disk I/O of HV02 would be at 10,001 IOPS after the move; its reserve leaves 10,000 IOPS.",
            False,
        ),
        (
            # 500 of 1,000 Mbps, the link that is assumed where none is known
            {"network_mbps": 500},
            {},
            "Network of HV02 would be at 95 % after the move; its reserve leaves 90 %.",
            False,
        ),
        ({"networks": frozenset({"LAN", "Backup"})}, {}, "HV02 has no virtual network named Backup.", False),
        ({"is_clustered": True}, {}, "WEB01 is highly available and HV02 is in no cluster.", False),
    ],
)
def test_a_reason_is_a_sentence(vm: dict[str, Any], host: dict[str, Any], text: str, is_blocking: bool) -> None:
    rating = rate(need(**vm), situation(**host))

    assert [(reason.text, reason.is_blocking) for reason in rating.zero_reasons] == [(text, is_blocking)]
    assert (rating.stars, rating.is_blocked) == (0, is_blocking)


@pytest.mark.parametrize(
    ("vm", "host"),
    [
        ({"memory_mb": 6_999}, {}),
        ({"state": VmState.OFF}, {"cpu_vendor": "AuthenticAMD"}),
        ({"cpu_vendor": "genuineintel"}, {}),
        ({"cpu_vendor": ""}, {"cpu_vendor": "AuthenticAMD"}),
        ({"version": "11.0"}, {"vm_versions": frozenset()}),
        ({"networks": frozenset()}, {"networks": frozenset()}),
        ({"state": VmState.OFF, "disk_bytes": 300 * GB - 100 * 2**20}, {}),
        ({"is_clustered": True}, {"is_clustered": True}),
        ({"cpu_count": 10}, {}),
        ({"cpu_model": "A"}, {"cpu_model": "a"}),
        ({"cpu_model": "A", "has_processor_compatibility": True}, {"cpu_model": "B"}),
        ({"cpu_model": "A", "state": VmState.OFF}, {"cpu_model": "B"}),
        ({"has_dynamic_memory": True}, {"has_dynamic_memory": None}),
        ({"possible_owners": frozenset({"HV02"})}, {}),
        ({"source_free_bytes": int(1.2 * GB)}, {}),
        ({"vlans": frozenset({("LAN", 20)})}, {"vlans": None}),
        ({"network_mbps": 400}, {"cpu_percent": 80.0}),
    ],
)
def test_what_is_just_possible_is_no_reason(vm: dict[str, Any], host: dict[str, Any]) -> None:
    assert reasons(vm, host) == ()


def test_disks_that_fit_only_when_spread_are_a_reason_that_does_not_block() -> None:
    (reason,) = reasons({"disk_bytes": 310 * GB}, {"free_bytes": {"C:\\": 200 * GB, "D:\\": 200 * GB}})

    assert not reason.is_blocking
    assert "put the disks on several volumes" in reason.action


def test_disks_that_fit_nowhere_block() -> None:
    each, one = reasons({"disk_bytes": 310 * GB, "largest_disk_bytes": 310 * GB}, {})
    together = reasons({"disk_bytes": 500 * GB, "largest_disk_bytes": 100 * GB}, {})[0]

    assert (each.rule, each.is_blocking, one.rule) == (Rule.EACH_DISK, True, Rule.ONE_VOLUME)
    assert (
        each.text == "The largest disk of WEB01 takes 310 GB; no volume of HV02 has more than 300 GB above its reserve."
    )
    assert together.text == "WEB01 needs 551 GB; all volumes of HV02 together have 320 GB above their reserves."


def test_reasons_add_up_with_the_blocking_ones_first() -> None:
    found = reasons({"version": "99.0", "memory_mb": 1 << 20}, {"is_in_maintenance": True, "networks": frozenset()})

    assert [reason.rule for reason in found] == [
        Rule.MAINTENANCE,
        Rule.VM_VERSION,
        Rule.EACH_DISK,
        Rule.MEMORY,
        Rule.ONE_VOLUME,
        Rule.NETWORK,
    ]
    assert [reason.is_blocking for reason in found] == [True, True, True, False, False, False]


def test_a_highly_available_vm_gets_a_warning_on_every_host() -> None:
    rating = rate(need(is_clustered=True), situation(is_clustered=True))

    assert rating.stars > 0
    assert "out of its cluster" in rating.warnings[0]
