"""What the pages offer each role: no link leads nowhere, no link or form to what the role may not do."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve, reverse

from hosts.access import Role
from hosts.inventory import root_group
from hosts.models import Host, HostGroup
from tests.console.permissions import OPEN, PAGES
from tests.console.test_permissions import Keys, keys
from tests.people import person

__all__ = ["keys"]

_LINK = re.compile(r'href="(/[^"#]*)')
_FORM = re.compile(r'<form[^>]*method="post"[^>]*action="(/[^"]*)"')


@pytest.mark.parametrize("role", Role)
def test_no_page_offers_a_role_what_it_may_not_do(client: Client, keys: Keys, role: Role) -> None:
    client.force_login(person("walker", role))

    followed, wrong = walk(client, keys, role)

    assert wrong == {}
    assert len(followed) > 3


@pytest.mark.parametrize("at_home", ["HV01", "HV02"])
def test_an_operator_of_one_group_is_offered_nothing_outside_of_it(client: Client, keys: Keys, at_home: str) -> None:
    """WEB01 was moved from HV01 to HV02: either he sees where it came from, or where it is."""
    berlin = HostGroup.objects.create(name="Berlin", parent=root_group())
    Host.objects.filter(name=at_home).update(group=berlin)
    client.force_login(person("walker", Role.OPERATOR, berlin))

    followed, wrong = walk(client, keys, Role.OPERATOR)

    assert wrong == {}
    assert len(followed) > 3


def walk(client: Client, keys: Keys, role: Role) -> tuple[set[str], dict[str, int]]:
    """The links of all pages that open, and what is wrong with them, and with their forms."""
    followed, wrong = set[str](), {}
    for name, page in PAGES.items():
        if page.get is None or role not in page.get:
            continue
        text = text_of(client, reverse(name, kwargs=keys[page.about]))
        for link in {html.unescape(found) for found in _LINK.findall(text)} - followed:
            followed.add(link)
            if (status := client.get(link).status_code) not in (200, 302):
                wrong[f"{name} links to {link}"] = status
        for action in _FORM.findall(text):
            if role not in may_post(action):
                wrong[f"{name} has a form for {action}"] = 403
    return followed, wrong


def text_of(client: Client, path: str) -> str:
    answer: Any = client.get(path, follow=True)
    return str(answer.getvalue().decode(errors="replace"))


def may_post(action: str) -> set[Any]:
    name = resolve(action.partition("?")[0]).url_name or ""
    return set(Role) if name in OPEN else set(PAGES[name].post or ())
