"""Each reason for no stars is given when it holds and only then, and blocks when the move could not succeed."""

from __future__ import annotations

from typing import Any

import pytest

from hosts.providers.types import VmState
from hosts.rating_types import ZeroReason
from hosts.ratings import rate
from tests.hosts.needs import GB, need, situation


def reasons(vm: dict[str, Any], host: dict[str, Any]) -> tuple[ZeroReason, ...]:
    return rate(need(**vm), situation(**host)).zero_reasons


@pytest.mark.parametrize(
    ("vm", "host", "text", "is_blocking"),
    [
        ({}, {"has_vm": True}, "WEB01 is on HV02 already.", True),
        ({}, {"is_responding": False, "state": "Access Denied"}, "The state of HV02 is Access Denied.", True),
        ({}, {"is_in_maintenance": True}, "HV02 is in maintenance mode.", True),
        ({"kind": "libvirt"}, {}, "HV02 runs other virtualization software than WEB01.", True),
        (
            {"immovable_parts": ("the pass-through disk at SCSI 0:1",)},
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
            {"disk_bytes": 300 * GB},
            {},
            "WEB01 needs 301 GB on one volume; HV02 has 300 GB at most, above its reserve of 100 MB.",
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
    ],
)
def test_what_is_just_possible_is_no_reason(vm: dict[str, Any], host: dict[str, Any]) -> None:
    assert reasons(vm, host) == ()


def test_disks_that_fit_only_when_spread_are_a_reason_that_does_not_block() -> None:
    (reason,) = reasons({"disk_bytes": 310 * GB}, {"free_bytes": {"C:\\": 200 * GB, "D:\\": 200 * GB}})

    assert not reason.is_blocking
    assert "put the disks on several volumes" in reason.action


def test_reasons_add_up_with_the_blocking_ones_first() -> None:
    found = reasons({"version": "99.0", "memory_mb": 1 << 20}, {"is_in_maintenance": True, "networks": frozenset()})

    assert [reason.is_blocking for reason in found] == [True, True, False, False, False]


def test_a_highly_available_vm_gets_a_warning_on_every_host() -> None:
    rating = rate(need(is_clustered=True), situation(is_clustered=True))

    assert rating.stars > 0
    assert "out of its cluster" in rating.warnings[0]


def test_a_factor_beyond_its_reserve_is_a_warning() -> None:
    rating = rate(need(), situation(cpu_percent=85.0))

    assert rating.warnings == ("CPU of HV02 would be at 95 % after the move; its reserve leaves 90 %.",)
