"""The pages of host groups: every button answers with a page and a sentence, whatever was entered."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from hosts.access import Role
from hosts.inventory import root_group
from hosts.models import Host, HostGroup
from tests.hosts.fleet import group, host
from tests.people import person


def said(client: Client, page: str, pk: Any = None, **sent: Any) -> str:
    address = reverse(page, args=[pk] if pk else None)
    return client.post(address, sent, follow=True).content.decode()


def test_a_group_is_added_renamed_moved_and_removed(administrator: Client) -> None:
    hamburg, root = group("Hamburg"), root_group()

    assert "The group Berlin was added." in said(administrator, "group-add", name="Berlin", parent=root.pk)
    pk = HostGroup.objects.get(name="Berlin").pk
    assert "The group Potsdam was stored." in said(administrator, "group-page", pk, name="Potsdam", parent=hamburg.pk)
    assert HostGroup.objects.get(name="Potsdam").parent == hamburg
    assert "The group Potsdam was removed." in said(administrator, "group-remove", pk)
    assert not HostGroup.objects.filter(pk=pk).exists()


@pytest.mark.parametrize(
    "name", ["מרכז נתונים", "Rack 🚀", "<script>alert(1)</script>", "a" * 100, "'; DROP TABLE", "1"]
)
def test_a_name_in_any_script_is_kept_and_shown_as_it_is(administrator: Client, name: str) -> None:
    html = said(administrator, "group-add", name=name, parent=root_group().pk)

    assert HostGroup.objects.filter(name=name).exists()
    assert "<script>alert" not in html
    assert "<bdi>" in html


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Give the group a name."),
        ("   ", "Give the group a name."),
        ("a" * 255, "at most 100 characters; this one has 255."),
        ("Berlin", "All Hosts has a group named Berlin already."),
        ("Ber\u202elin", "characters that cannot be seen"),
        ("Ber\nlin", "characters that cannot be seen"),
        ("\u200b", "characters that cannot be seen"),
        ("\u200d\u200d", "Give the group a name that can be seen."),
        ("Ber\x00lin", "Null characters are not allowed."),
    ],
)
def test_a_name_that_will_not_do_is_refused_with_a_sentence(administrator: Client, name: str, sentence: str) -> None:
    group("Berlin")

    html = said(administrator, "group-add", name=name, parent=root_group().pk)

    assert sentence in html
    assert HostGroup.objects.count() == 2


@pytest.mark.parametrize("parent", ["", "999", "x", "-1", "9" * 40])
def test_a_place_that_is_none_is_refused_and_the_name_stays(administrator: Client, parent: str) -> None:
    html = said(administrator, "group-add", name="Berlin", parent=parent)

    assert "Choose" in html
    assert 'value="Berlin"' in html
    assert not HostGroup.objects.filter(name="Berlin").exists()


def test_the_form_does_not_offer_a_group_to_itself(administrator: Client) -> None:
    berlin = group("Berlin")
    rack = group("Rack 1", berlin)

    form = administrator.get(reverse("group-page", args=[berlin.pk])).content.decode().partition("Groups in it")[0]

    assert f'<option value="{berlin.pk}"' not in form.partition('id="id_parent"')[2]
    assert f'<option value="{rack.pk}"' not in form.partition('id="id_parent"')[2]
    assert "cannot be inside itself" in said(administrator, "group-page", berlin.pk, name="Berlin", parent=rack.pk)


def test_a_group_that_is_gone_is_said_to_be_gone(administrator: Client) -> None:
    for page in ("group-page", "group-remove"):
        html = administrator.get(reverse(page, args=[999]), follow=True).content.decode()
        assert "This group was removed meanwhile." in html


def test_a_group_with_hosts_is_not_removed(administrator: Client) -> None:
    berlin = group("Berlin")
    host("HV01", group=berlin)

    html = said(administrator, "group-remove", berlin.pk)

    assert "Nothing was removed. Berlin has hosts in it: HV01." in html
    assert "It cannot be removed." in administrator.get(reverse("group-remove", args=[berlin.pk])).content.decode()


def test_whoever_loses_his_place_by_it_is_named_before_a_group_is_removed(administrator: Client) -> None:
    berlin = group("Berlin")
    person("otto", Role.OPERATOR, berlin)

    assert "<bdi>otto</bdi>" in administrator.get(reverse("group-remove", args=[berlin.pk])).content.decode()


def test_a_host_goes_to_another_group_without_a_script(administrator: Client) -> None:
    berlin, made = group("Berlin"), host("HV01")
    page = administrator.get(reverse("host-group", args=[made.pk])).content.decode()
    back = reverse("host-page", args=[made.pk])

    html = said(administrator, "host-regroup", hosts=made.pk, group=berlin.pk, back=back)

    assert "All Hosts / Berlin" in page
    assert "HV01 is in Berlin now." in html
    assert Host.objects.get().group == berlin


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Select the hosts to move first."),
        ({"hosts": "x", "group": "1"}, "Select the hosts to move first."),
        ({"hosts": "1", "group": "999"}, "The group was removed meanwhile. No host was moved."),
        ({"hosts": "1", "group": "9" * 40}, "The group was removed meanwhile. No host was moved."),
    ],
)
def test_a_drop_that_makes_no_sense_is_answered_with_a_sentence(
    administrator: Client, sent: dict[str, str], sentence: str
) -> None:
    host("HV01")

    assert sentence in said(administrator, "host-regroup", **sent, back="https://evil.example/")


def test_only_who_may_change_groups_can_drag_hosts(administrator: Client, operator: User) -> None:
    made = host("HV01")
    of_administrator = administrator.get(reverse("host-list")).content.decode()
    administrator.force_login(operator)
    of_operator = administrator.get(reverse("host-list")).content.decode()

    assert f'data-regroups="{made.pk}" draggable="true"' in of_administrator
    for mark in ("data-regroups", 'id="regroup"'):
        assert (mark in of_administrator, mark in of_operator) == (True, False)
