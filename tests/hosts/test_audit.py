"""Each change of a host, a group or the placement defaults leaves its row in the audit log; never a password."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from hosts.inventory import HostRefused, NewHost, add_host, change_host, remove_host
from hosts.models import AuditRecord, Host
from hosts.placement_defaults import placement_defaults, save_placement_defaults
from hosts.providers.types import Secret
from hosts.rules import RULES, Severity
from tests.hosts.memory import PASSWORD, Neighbourhood


def deeds() -> list[str]:
    return list(AuditRecord.objects.order_by("pk").values_list("deed", flat=True))


def latest() -> AuditRecord:
    return AuditRecord.objects.all()[0]


def as_it_is(host: Host) -> NewHost:
    return NewHost(host.name, host.address, host.username, host.password)


def test_a_host_that_is_added_changed_and_removed_is_recorded(hv01: Host, admin: User) -> None:
    change_host(hv01, replace(as_it_is(hv01), name="HV07", move_limit_bytes_per_s=10_000_000))
    changed = latest()
    remove_host(Host.objects.get())

    assert deeds() == ["host-added", "host-changed", "host-removed"]
    assert changed.about == "Host HV01"
    assert changed.before == {"name": "HV01", "limit": "none"}
    assert changed.after["name"] == "HV07"
    assert latest().before["address"] == "hv01"


def test_a_password_is_recorded_as_changed_and_never_itself(hv01: Host) -> None:
    change_host(hv01, replace(as_it_is(hv01), password=Secret("a new password")))

    assert (latest().before, latest().after) == ({}, {"password": "entered anew"})
    told = str(list(AuditRecord.objects.values()))
    assert "a new password" not in told
    assert PASSWORD.reveal() not in told


def test_who_added_a_host_stands_there(network: Neighbourhood, admin: User) -> None:
    network.add("hv05")

    add_host(NewHost("HV05", "hv05", "LAB\\svc", PASSWORD), admin)

    assert (latest().who, latest().about) == ("admin", "Host HV05")


def test_a_host_that_was_refused_is_not_recorded(network: Neighbourhood, admin: User) -> None:
    with pytest.raises(HostRefused):
        add_host(NewHost("HV05", "nowhere", "LAB\\svc", PASSWORD), admin, must_answer=True)

    assert deeds() == []


def test_maintenance_refresh_and_reserves_are_recorded_with_the_person(administrator: Client, hv01: Host) -> None:
    administrator.post(reverse("host-maintenance", args=[hv01.pk]), {"is_on": "yes"}, REMOTE_ADDR="192.0.2.1")
    administrator.post(reverse("host-refresh", args=[hv01.pk]))
    administrator.post(reverse("host-reserves", args=[hv01.pk]), {"cpu_reserve_percent": "20"})
    given = {"cpu_reserve_percent": "5", "memory_reserve_mb": "256", "disk_reserve_mb": "100"}
    given |= {"max_disk_iops": "10000", "network_reserve_percent": "10"}
    administrator.post(reverse("group-reserves", args=[hv01.group_id]), given)

    rows = AuditRecord.objects.order_by("pk")[1:]
    assert [row.deed for row in rows] == ["host-maintenance", "host-refreshed", "host-reserves", "group-reserves"]
    assert (rows[0].who, rows[0].address, rows[0].after) == ("admin", "192.0.2.1", {"maintenance": True})
    assert (rows[2].before, rows[2].after) == ({"cpu_reserve_percent": None}, {"cpu_reserve_percent": 20})
    assert (rows[3].before, rows[3].after) == ({"cpu_reserve_percent": 10}, {"cpu_reserve_percent": 5})


def test_placement_defaults_are_recorded_option_by_option(admin: User) -> None:
    rule = next(rule for rule, facts in RULES.items() if not facts.is_locked and facts.default is not Severity.OFF)
    options = placement_defaults()

    save_placement_defaults(replace(options, cpu_weight=9, severities={rule: Severity.OFF}), admin)

    assert latest().before == {"cpu_weight": options.cpu_weight}
    assert latest().after == {"cpu_weight": 9, f"severities {rule.value}": Severity.OFF.value}
