"""The list of hosts for managers: stars, load, sparklines, filters, pages, and the same as a CSV file."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from hosts.csv_file import csv_file
from hosts.host_rows import PAGE_SIZE
from hosts.inventory import root_group
from hosts.models import Host, VirtualMachine
from hosts.providers.types import Secret
from tests.hosts.fleet import group, host, hours

NASTY = "=HYPERLINK(1)"


def names(client: Client, **query: str) -> list[str]:
    text = client.get(reverse("host-list"), query).content.decode()
    return re.findall(r'id="host-\d+-name"[^>]*>([^<]+)</a>', text)


def table(client: Client, name: str = "host-list-csv", **query: str) -> list[dict[str, str]]:
    answer = client.get(reverse(name), query)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_a_state_narrows_the_list(signed_in: Client) -> None:
    host("HV01")
    host("HV02", state=Host.State.NOT_RESPONDING)
    host("HV03", is_in_maintenance=True)

    assert names(signed_in, state="not-responding") == ["HV02"]
    assert names(signed_in, state="maintenance") == ["HV03"]
    assert names(signed_in, state="nonsense") == ["HV01", "HV02", "HV03"]


def test_the_idle_host_has_more_stars_than_the_busy_one(signed_in: Client) -> None:
    host("HV01", cpu_percent=80.0, mean_cpu_percent=80.0, memory_available_mb=3000)
    host("HV02", cpu_percent=1.0, mean_cpu_percent=1.0)

    assert names(signed_in, sort="-stars") == ["HV02", "HV01"]
    stars = {row["Host"]: float(row["Stars"]) for row in table(signed_in)}
    assert stars["HV02"] > stars["HV01"] > 0


def test_the_stars_can_be_for_a_vm_by_its_name(signed_in: Client) -> None:
    source = host("HV01")
    host("HV02")
    VirtualMachine.objects.create(host=source, uid="1", name="WEB01", state="off", folder="D:\\")

    stars = {row["Host"]: float(row["Stars"]) for row in table(signed_in, like="web01")}

    assert stars["HV01"] == 0
    assert stars["HV02"] > 0


@pytest.mark.parametrize("like", ["NOBODY", "<script>alert(1)</script>", "%", "9" * 300])
def test_an_unknown_vm_is_told_and_the_stars_are_for_a_new_one(signed_in: Client, like: str) -> None:
    host("HV01")

    text = signed_in.get(reverse("host-list"), {"like": like}).content.decode()

    assert "There is no such virtual machine" in text
    assert "<script>alert" not in text


def test_the_last_hours_are_drawn_and_a_hole_stays_a_hole(signed_in: Client) -> None:
    hours(host("HV01"), 10, 20, 30)
    host("HV02")

    text = signed_in.get(reverse("host-list")).content.decode()

    assert text.count("<polyline") == 4
    assert text.count('stroke-dasharray="1 3"') == 4


def test_a_hundred_hosts_make_a_page(signed_in: Client) -> None:
    Host.objects.bulk_create(
        Host(name=f"HV{n:03}", group=root_group(), password=Secret("x")) for n in range(PAGE_SIZE + 5)
    )

    assert len(names(signed_in)) == PAGE_SIZE
    assert names(signed_in, page="2") == [f"HV{n:03}" for n in range(PAGE_SIZE, PAGE_SIZE + 5)]
    assert names(signed_in, page="nonsense") == names(signed_in)
    assert len(table(signed_in)) == PAGE_SIZE + 5


@pytest.mark.parametrize("name", ["host-list", "host-list-csv", "report-groups", "report-groups-csv"])
def test_twenty_times_the_hosts_take_the_same_queries(signed_in: Client, name: str) -> None:
    host("HV00")
    few = queries(signed_in, name)
    for number in range(1, 21):
        host(f"HV{number:02}", group=group(f"G{number}", root_group()) if number < 4 else None)

    assert queries(signed_in, name) == few


def queries(client: Client, name: str) -> int:
    with CaptureQueriesContext(connection) as context:
        assert client.get(reverse(name)).status_code == 200
    return len(context)


def test_the_file_has_the_rows_that_the_filter_leaves(signed_in: Client) -> None:
    host("HV01")
    host("HV02", group=group("Berlin"))

    row = table(signed_in, q="berlin")[0]

    assert (row["Host"], row["Group"], row["Memory MB"], row["CPU %"]) == ("HV02", "Berlin", "16384", "20")
    assert len(table(signed_in, q="berlin")) == 1
    assert row["Disk free GB"] == "100"


def test_a_name_that_looks_like_a_formula_stays_text(signed_in: Client) -> None:
    host(NASTY)

    assert table(signed_in)[0]["Host"] == f"'{NASTY}"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", " ="])
def test_every_beginning_of_a_formula_is_defused(begin: str) -> None:
    written = csv_file("x.csv", ["Name", "Number"], [[f"{begin}1+1", -5.5]]).content.decode("utf-8-sig")

    assert next(csv.reader(io.StringIO(written.split("\r\n", 1)[1]))) == [f"'{begin}1+1", "-5.5"]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("\u202e=1+1", "'\u202e=1+1"),
        ("\u00a0@SUM(A1)", "'\u00a0@SUM(A1)"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("DB;=cmd|' /C calc'!A0", "DB;'=cmd|' /C calc'!A0"),
        ("a\t=1\n+2", "a\t'=1\n'+2"),
        ("שרת\u202e; SQL-01 @ home", "שרת\u202e; SQL-01 @ home"),
    ],
)
def test_nothing_hidden_makes_a_formula_and_other_names_stay_exact(name: str, written: str) -> None:
    text = csv_file("x.csv", ["Name"], [[name]]).content.decode("utf-8-sig")

    assert list(csv.reader(io.StringIO(text, newline="")))[1] == [written]
