"""Placement defaults and reserves: stored by administrators alone, refused with a sentence when they make no sense."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from hosts.inventory import root_group
from hosts.models import Host, HostGroup
from hosts.placement_defaults import placement_defaults
from hosts.rating_types import Goal
from hosts.reserves import effective_reserves
from hosts.rules import Rule, Severity
from tests.hosts.fleet import host

RESERVES = {
    "cpu_reserve_percent": "20",
    "memory_reserve_mb": "2048",
    "disk_reserve_mb": "10240",
    "max_disk_iops": "5000",
    "network_reserve_percent": "5",
}
NONSENSE = ["", "-1", "101", "x", "1.5", "NaN", "9" * 40, "<script>alert(1)</script>"]


def test_the_defaults_are_stored_and_hold(administrator: Client) -> None:
    changes = {"goal": "consolidate", "w_cpu": "10", "load_disk": "40.5", "rule_memory": "must-meet"}

    answer = administrator.post(reverse("placement"), changes, follow=True)

    options = placement_defaults()
    assert "The placement defaults were stored." in answer.content.decode()
    assert (options.goal, options.cpu_weight, options.memory_weight) == (Goal.CONSOLIDATE, 10, 8)
    assert options.new_vm.disk_gb == 40.5
    assert options.severities == {Rule.MEMORY: Severity.MUST_MEET}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"w_cpu": "11"}, "CPU: give the importance as a whole number from 0 to 10."),
        ({"w_memory": "2.5"}, "Memory: give the importance as a whole number from 0 to 10."),
        ({"w_disk": ""}, "Disk I/O: give the importance as a whole number from 0 to 10."),
        ({"goal": "<script>"}, "Goal: choose one of the two."),
        ({"load_cpu": "NaN"}, "Processors: give a number from 0 to 100."),
        ({"load_cpu": "inf"}, "Processors: give a number from 0 to 100."),
        ({"load_iops": "-3"}, "Disk I/O: give a number from 0 to 10,000,000."),
        ({"rule_memory": "maybe"}, "Memory above the reserve suffices: choose how strict the rule is."),
    ],
)
def test_nonsense_is_refused_with_a_sentence(administrator: Client, changes: dict[str, str], sentence: str) -> None:
    before = placement_defaults()

    answer = administrator.post(reverse("placement"), changes)

    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert placement_defaults() == before


def test_a_rule_that_nothing_else_guards_cannot_be_relaxed(administrator: Client) -> None:
    administrator.post(reverse("placement"), {"rule_another-host": "off"})

    assert placement_defaults().severity(Rule.ANOTHER_HOST) is Severity.MUST_MEET


def test_what_the_wizard_proposes_holds_only_when_it_is_stored(administrator: Client) -> None:
    text = administrator.get(reverse("placement"), {"w_cpu": "9", "load_cpu": ""}).content.decode()

    assert "They hold for every placement once you store them." in text
    assert 'id="id_w_cpu" value="9"' in text
    assert placement_defaults().cpu_weight == 5


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_way_back_leads_nowhere_else(administrator: Client, back: str) -> None:
    assert administrator.post(reverse("placement"), {"back": back})["Location"] == reverse("placement")
    assert administrator.post(reverse("placement"), {"back": "/vms/1/migrate/"})["Location"] == "/vms/1/migrate/"


def test_the_reserves_of_a_group_hold_for_its_hosts(administrator: Client) -> None:
    made = host("HV01")

    administrator.post(reverse("group-reserves", args=[made.group_id]), RESERVES)

    reserves = effective_reserves(Host.objects.select_related("group").get())
    assert (reserves.cpu_percent, reserves.memory_mb, reserves.max_disk_iops) == (20, 2048, 5000)


@pytest.mark.parametrize("percent", NONSENSE)
def test_a_reserve_of_a_group_that_is_none_is_refused(administrator: Client, percent: str) -> None:
    pk = root_group().pk

    answer = administrator.post(reverse("group-reserves", args=[pk]), RESERVES | {"cpu_reserve_percent": percent})

    assert answer.status_code == 400
    assert "CPU: give a whole number from 0 to 100." in answer.content.decode()
    assert HostGroup.objects.get().memory_reserve_mb == 256


def test_a_host_has_reserves_of_its_own_and_the_rest_from_its_group(administrator: Client) -> None:
    made = host("HV01")

    administrator.post(reverse("host-reserves", args=[made.pk]), {"memory_reserve_mb": "4096"})

    reserves = effective_reserves(Host.objects.select_related("group").get())
    assert (reserves.memory_mb, reserves.cpu_percent) == (4096, 10)
    assert f"Reserves of {made.name}" in administrator.get(reverse("host-reserves", args=[made.pk])).content.decode()
    assert made.name in administrator.get(reverse("group-list")).content.decode()


@pytest.mark.parametrize("megabytes", [each for each in NONSENSE if each not in ("", "101")])
def test_a_reserve_of_a_host_that_is_none_is_refused(administrator: Client, megabytes: str) -> None:
    made = host("HV01")

    answer = administrator.post(reverse("host-reserves", args=[made.pk]), {"memory_reserve_mb": megabytes})

    assert answer.status_code == 400
    assert "or leave it empty." in answer.content.decode()
    assert Host.objects.get().memory_reserve_mb is None


def test_storing_reserves_leaves_what_a_refresh_wrote_meanwhile(administrator: Client) -> None:
    made = host("HV01")
    before: dict[str, Any] = {"state": Host.State.ACCESS_DENIED, "cpu_percent": 77.0}
    Host.objects.update(**before)

    administrator.post(reverse("host-reserves", args=[made.pk]), {"cpu_reserve_percent": "33"})

    assert Host.objects.filter(**before, cpu_reserve_percent=33).exists()


@pytest.mark.parametrize("name", ["placement", "group-list", "group-reserves", "host-reserves"])
def test_only_administrators_see_these_pages(signed_in: Client, name: str) -> None:
    made = host("HV01")
    args = {"group-reserves": [made.group_id], "host-reserves": [made.pk]}.get(name, [])

    assert signed_in.get(reverse(name, args=args)).status_code == 403
    assert reverse("placement") not in signed_in.get(reverse("host-list")).content.decode()


@pytest.mark.parametrize("name", ["group-reserves", "host-reserves"])
def test_what_is_not_there_has_no_reserves(administrator: Client, name: str) -> None:
    assert administrator.get(reverse(name, args=[4711])).status_code == 404
