"""Forged keys, values that are none, forms that come twice: on every address of the table, a new one among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from tests.console.bad_input import BAD_VALUES, FORGED_KEYS, NoNulls, everything, names_asked
from tests.console.permissions import PAGES
from tests.console.test_permissions import Keys, keys

__all__ = ["keys"]

# What a form needs to do something; the forms that are not here need nothing, or what the table says they are sent.
FILLED = {
    "user-add": {"name": "twice", "role": "Manager"},
    "user-page": {"role": "Help Desk"},
    "group-add": {"name": "Twice", "parent": "{group}"},
    "group-page": {"name": "Twice", "parent": ""},
    "host-add": {
        "name": "HV09",
        "address": "hv09",
        "port": "5985",
        "transport": "ntlm-http",
        "username": "x",
        "password": "x",
        "max_moves_in": "2",
        "max_moves_out": "2",
        "anyway": "on",
    },
    "host-maintenance": {"is_on": "yes"},
    "host-regroup": {"hosts": "{host}", "group": "{group}"},
    "job-plan-new": {"vm": "{vm}"},
    "migrate-move": {"target": "{host}", "on": "{host}", "net-0": "to:LAN", "move": "yes"},
}
CLEAR = {200, 204, 302, 400, 404, 405, 409, 422}


@pytest.fixture
def administrator(client: Client, admin: User) -> Iterator[Client]:
    """Whatever goes wrong in a view is raised here; null bytes reach no query."""
    client.force_login(admin)
    with connection.execute_wrapper(NoNulls()):
        yield client


def paths(keys: Keys) -> Iterator[tuple[str, str]]:
    for name, page in PAGES.items():
        yield name, reverse(name, kwargs=keys[page.about])


def sent(client: Client, method: str, path: str, values: dict[str, str]) -> Any:
    """The answer, with everything that the request did taken back; the body of a stream is read to its end."""
    with transaction.atomic():
        answer: Any = client.post(path, values) if method == "post" else client.get(path, values)
        answer.getvalue()
        transaction.set_rollback(True)
    return answer


def methods(name: str) -> list[str]:
    return [method for method in ("get", "post") if getattr(PAGES[name], method) is not None]


def test_a_key_that_is_none_is_no_page_and_changes_nothing(administrator: Client, keys: Keys) -> None:
    before, wrong = everything(), {}
    for name, page in PAGES.items():
        path = reverse(name, kwargs=dict.fromkeys(keys[page.about], 987654321))
        for key in FORGED_KEYS if page.about else ():
            for method in methods(name):
                answer = getattr(administrator, method)(path.replace("987654321", key, 1).replace("987654321", "1"))
                if answer.status_code != 404 and answer.headers.get("Location") != reverse("group-list"):
                    wrong[f"{method} {name} {key}"] = answer.status_code

    assert wrong == {}
    assert everything() == before


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_value_of_a_query_or_form_brings_a_page_down(
    administrator: Client, keys: Keys, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    good = {"target": str(keys["host"]["pk"] + 1), "on": str(keys["host"]["pk"] + 1)}
    wrong = {}
    for name, path in paths(keys):
        if method not in methods(name):
            continue
        with names_asked(monkeypatch) as asked:
            sent(administrator, method, path, good)
        for value in BAD_VALUES if asked else ():
            bad = dict.fromkeys(asked, value)
            for values in (bad, bad | good)[: 1 + ("target" in asked)]:
                answer = status_or_error(administrator, method, path, values)
                if answer not in CLEAR:
                    wrong[f"{name} {value[:20]!r}"] = answer

    assert not wrong, "\n".join(f"{what}: {answer}" for what, answer in wrong.items())


def test_a_form_that_is_sent_twice_makes_one_thing(administrator: Client, keys: Keys) -> None:
    known = {about: str(each["pk"]) for about, each in keys.items() if about}
    made, wrong = set(), {}
    for name, path in paths(keys):
        if PAGES[name].post is None:
            continue
        values = {field: value.format(**known) for field, value in (PAGES[name].sent | FILLED.get(name, {})).items()}
        with transaction.atomic():
            before = everything()
            first, once = administrator.post(path, values), everything()
            second, twice = administrator.post(path, values), everything()
            transaction.set_rollback(True)
        if once != before:
            made.add(name)
        if once != twice or second.status_code >= 500:
            wrong[name] = (first.status_code, second.status_code, twice - once)

    assert wrong == {}
    assert {"user-add", "group-add", "host-add", "migrate-move"} <= made


def test_a_null_byte_and_a_mistake_of_ours_are_answered_by_a_page_of_ferrys(
    administrator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = administrator.get("/vms/", {"q": "a\0b"})
    administrator.raise_request_exception = False
    monkeypatch.setattr("console.views.find_rows", None)
    mistake = administrator.get("/vms/")

    assert (refused.status_code, mistake.status_code) == (400, 500)
    assert "This request cannot be read." in refused.content.decode()
    assert "Ferry made a mistake." in mistake.content.decode()


def status_or_error(client: Client, method: str, path: str, values: dict[str, str]) -> int | str:
    try:
        return int(sent(client, method, path, values).status_code)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told with its address, and the walk goes on
        return f"{type(error).__name__}: {error}"[:200]
