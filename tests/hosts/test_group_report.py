"""The rating report: every group with what is in it, its load and its mean stars."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from hosts.group_report import group_loads
from hosts.inventory import root_group
from hosts.models import Host
from tests.hosts.fleet import group, host
from tests.hosts.test_host_list import NASTY, table


def test_a_group_has_the_hosts_of_the_groups_in_it(db: None) -> None:
    berlin = group("Berlin")
    host("HV01", group=berlin)
    host("HV02", group=group("Berlin DMZ", berlin))
    host("HV03")

    loads = {load.group.name: load for load in group_loads({})}

    assert {name: load.hosts for name, load in loads.items()} == {"All Hosts": 3, "Berlin": 2, "Berlin DMZ": 1}
    assert [load.depth for load in loads.values()] == [0, 1, 2]


def test_processors_weigh_in_the_mean_load(db: None) -> None:
    host("HV01", cpu_count=30, cpu_percent=10.0)
    host("HV02", cpu_count=10, cpu_percent=50.0)

    assert group_loads({})[0].cpu_percent == pytest.approx(20.0)


@pytest.mark.parametrize("change", [{"state": Host.State.NOT_RESPONDING}, {"is_in_maintenance": True}])
def test_a_host_that_is_closed_has_no_capacity(db: None, change: dict[str, object]) -> None:
    host("HV01", **change)

    load = group_loads({})[0]

    assert (load.hosts, load.open_hosts, load.memory_mb, load.cpu_percent, load.mean_stars) == (1, 0, 0, 0.0, None)


def test_a_group_without_hosts_divides_by_nothing(signed_in: Client) -> None:
    root_group()

    text = signed_in.get(reverse("report-groups")).content.decode()

    assert "No host takes part" in text


def test_the_file_has_a_row_for_each_group_and_no_formula(signed_in: Client) -> None:
    host("HV01", group=group(NASTY))

    rows = table(signed_in, "report-groups-csv")

    assert [row["Group"] for row in rows] == ["All Hosts", f"'{NASTY}"]
    assert (rows[1]["Parent"], rows[1]["Hosts"], rows[1]["Memory MB"]) == ("All Hosts", "1", "16384")
    assert float(rows[0]["Mean stars"]) > 0


def test_a_fresh_console_has_an_empty_report(administrator: Client) -> None:
    assert "There is nothing to report yet." in administrator.get(reverse("report-groups")).content.decode()
