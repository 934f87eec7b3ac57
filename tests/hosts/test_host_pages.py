"""The list of hosts and the page of a host: what they show, and who may press what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from hosts.host_orders import SORTS
from hosts.inventory import refresh_host, root_group, set_activity
from hosts.models import Host, HostGroup, LoadSample, VirtualMachine
from hosts.providers.errors import AccessDenied
from tests.hosts.conftest import add
from tests.hosts.memory import Neighbourhood, make_vm

CHANGES = ["host-add", "host-edit", "host-maintenance", "host-remove"]


def page(client: Client, name: str, *args: int, **query: str) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_shows_state_and_load_in_words(signed_in: Client, hv01: Host, network: Neighbourhood) -> None:
    network.hosts["hv01"].has(make_vm("WEB01"), make_vm("SQL01"))
    refresh_host(hv01)

    html = page(signed_in, "host-list")

    for text in ("HV01", "Responding", "20 %", "11.7 GB", "360 GB", "Windows Server 2022 Datacenter"):
        assert text in html
    assert '<td class="num">2</td>' in html


@pytest.mark.parametrize("sort", [*SORTS, *(f"-{sort}" for sort in SORTS), "nonsense", ""])
def test_the_list_can_be_sorted_by_every_column(signed_in: Client, hv01: Host, hv02: Host, sort: str) -> None:
    Host.objects.update(last_contact_at=None)

    html = page(signed_in, "host-list", sort=sort)

    first, second = ("HV02", "HV01") if sort == "-name" else ("HV01", "HV02")
    rows = html[html.index("host-rows") :]
    assert rows.index(f">{first}</a>") < rows.index(f">{second}</a>")


def test_the_list_is_narrowed_by_words_and_by_group(signed_in: Client, hv01: Host, hv02: Host) -> None:
    inner = HostGroup.objects.create(name="Berlin", parent=root_group())
    Host.objects.filter(pk=hv02.pk).update(group=inner)

    assert "host-row-" not in page(signed_in, "host-list", q="nothing like this")
    for query in ({"q": "berlin responding"}, {"group": str(inner.pk)}):
        html = page(signed_in, "host-list", **query)
        assert f"host-row-{hv02.pk}" in html
        assert f"host-row-{hv01.pk}" not in html
    assert f"host-row-{hv02.pk}" in page(signed_in, "host-list", group=str(root_group().pk))
    assert "host-row-" not in page(signed_in, "host-list", group="x")


def test_what_was_typed_into_the_filter_is_shown_as_text(signed_in: Client, hv01: Host) -> None:
    html = page(signed_in, "host-list", q="<script>alert(1)</script>")

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


def test_the_queries_of_the_list_do_not_grow_with_the_hosts(
    signed_in: Client, hv01: Host, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    Host.objects.bulk_create(Host(name=f"HV{n:02}", group=root_group(), password=hv01.password) for n in range(10, 60))

    with django_assert_max_num_queries(23):
        page(signed_in, "host-list")


def test_the_page_of_a_host_shows_what_it_has(signed_in: Client, hv01: Host, network: Neighbourhood) -> None:
    vm = make_vm("WEB01")
    network.hosts["hv01"].has(replace(vm, name="<script>alert('vm')</script>"))
    refresh_host(hv01)

    html = page(signed_in, "host-page", hv01.pk)

    for text in ("Xeon Gold 6338", "D:\\", "300 GB", "LAN", "External", "9.0, 10.0", "hv01:5985", "LAB\\svc-ferry"):
        assert text in html
    assert "&lt;script&gt;alert(&#x27;vm&#x27;)" in html
    assert "<script>alert" not in html
    assert "correct horse" not in html


def test_the_page_of_a_failing_host_says_why_and_what_to_do(
    signed_in: Client, hv01: Host, network: Neighbourhood
) -> None:
    network.hosts["hv01"].inspect_error = AccessDenied("HV01", "The login was refused.")
    refresh_host(hv01)

    html = page(signed_in, "host-page", hv01.pk)

    assert "Access Denied" in html
    assert "The login was refused." in html
    assert AccessDenied.recommended in html
    assert "Xeon Gold 6338" in html


def test_a_host_that_never_answered_has_a_page(signed_in: Client, network: Neighbourhood) -> None:
    host = add("HV09", "nowhere")

    assert "Nothing listens at nowhere:5985." in page(signed_in, "host-page", host.pk)
    assert "Unknown" in page(signed_in, "host-list")


def test_the_load_of_a_day_is_drawn_on_the_server(signed_in: Client, hv01: Host) -> None:
    now = timezone.now()
    LoadSample.objects.bulk_create(
        LoadSample(
            host=hv01,
            at=now - timedelta(minutes=20 * n),
            cpu_percent=n,
            memory_used_mb=100 * n,
            disk_iops=n,
            network_percent=n,
        )
        for n in range(1, 60)
    )

    html = page(signed_in, "host-page", hv01.pk)

    assert html.count("<polyline") >= 4
    assert "20 % last, 59 % at most" in html
    assert "style=" not in html


def test_an_unknown_host_is_not_found(signed_in: Client) -> None:
    assert signed_in.get(reverse("host-page", args=[4711])).status_code == 404


@pytest.mark.parametrize("name", ["host-list", "host-add", "host-page", "host-edit", "host-remove"])
def test_nobody_sees_hosts_without_signing_in(client: Client, hv01: Host, name: str) -> None:
    args = [] if name in {"host-list", "host-add"} else [hv01.pk]
    answer = client.get(reverse(name, args=args))

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("sign-in"))


@pytest.mark.parametrize("name", CHANGES)
def test_who_is_no_administrator_changes_nothing(signed_in: Client, hv01: Host, name: str) -> None:
    args = [] if name == "host-add" else [hv01.pk]

    answer = signed_in.post(reverse(name, args=args), {"is_on": "yes", "name": "X"})

    assert answer.status_code == 403
    assert "Only administrators may add, change or remove hosts." in answer.content.decode()
    assert not Host.objects.get().is_in_maintenance


def test_who_is_no_administrator_sees_why_not(signed_in: Client, hv01: Host) -> None:
    html = page(signed_in, "host-page", hv01.pk)

    assert 'aria-disabled="true" title="Only administrators' in html
    assert reverse("host-remove", args=[hv01.pk]) not in html
    assert reverse("host-add") not in page(signed_in, "host-list")


@pytest.mark.parametrize("name", ["host-refresh", "host-maintenance"])
def test_what_changes_something_is_not_done_by_a_link(administrator: Client, hv01: Host, name: str) -> None:
    assert administrator.get(reverse(name, args=[hv01.pk])).status_code == 405


def test_refresh_asks_the_host_now(signed_in: Client, hv01: Host, network: Neighbourhood) -> None:
    network.hosts["hv01"].has(make_vm("WEB01"))

    answer = signed_in.post(reverse("host-refresh", args=[hv01.pk]), follow=True)

    assert "HV01 was refreshed. Its state is Responding." in answer.content.decode()
    assert VirtualMachine.objects.get().name == "WEB01"


def test_a_refresh_under_way_is_told(signed_in: Client, hv01: Host) -> None:
    Host.objects.update(refresh_until=timezone.now() + timedelta(minutes=1))

    answer = signed_in.post(reverse("host-refresh", args=[hv01.pk]), follow=True)

    assert "HV01 is being refreshed already." in answer.content.decode()


def test_maintenance_mode_is_switched_on_and_off(administrator: Client, hv01: Host) -> None:
    address = reverse("host-maintenance", args=[hv01.pk])

    assert "In Maintenance Mode" in administrator.post(address, {"is_on": "yes"}, follow=True).content.decode()
    assert Host.objects.get().is_in_maintenance
    administrator.post(address, {"is_on": "no"})
    assert not Host.objects.get().is_in_maintenance


def test_a_host_is_removed_after_a_question(administrator: Client, hv01: Host) -> None:
    address = reverse("host-remove", args=[hv01.pk])

    assert "Remove HV01 from Ferry?" in page(administrator, "host-remove", hv01.pk)
    assert Host.objects.exists()
    administrator.post(address)
    assert not Host.objects.exists()


def test_a_host_with_a_vm_under_migration_stays(administrator: Client, hv01: Host, network: Neighbourhood) -> None:
    network.hosts["hv01"].has(make_vm("WEB01"))
    refresh_host(hv01)
    set_activity(hv01.vms.get(), VirtualMachine.Activity.UNDER_MIGRATION)

    answer = administrator.post(reverse("host-remove", args=[hv01.pk]), follow=True)

    assert "A virtual machine of HV01 is under migration." in answer.content.decode()
    assert Host.objects.exists()
