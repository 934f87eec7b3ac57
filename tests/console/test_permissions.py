"""Walks every address, websocket and command for every role and for nobody: a new one without a decision fails here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import get_commands
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from hosts.access import Role
from hosts.models import Host
from hosts.providers import PROVIDERS
from migrations_app.batches import plan_moves
from migrations_app.models import MigrationJob
from migrations_app.routing import websocket_urlpatterns
from tests.console.permissions import COMMANDS, OPEN, PAGES, SOCKETS, Page
from tests.journeys.rows import moved_vm
from tests.migrations_app.sockets import Socket, browser
from tests.people import person

ROLES = [*Role, None]
OURS = ("console", "hosts", "migrations_app")

Keys = dict[str, dict[str, int]]


def patterns(found: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for pattern in found:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns)
        else:
            yield pattern


@pytest.fixture
def keys(db: None) -> Iterator[Keys]:
    """A small estate: for each kind of object the arguments of its addresses."""
    real = PROVIDERS["hyperv"]
    PROVIDERS["hyperv"] = "tests.hosts.memory.MemoryProvider"
    yield keys_of(moved_vm())
    PROVIDERS["hyperv"] = real


def keys_of(job: MigrationJob) -> Keys:
    host = Host.objects.get(name="HV01")
    plan = plan_moves([job.vm_id or 0], None)
    found = {"vm": job.vm_id, "host": host.pk, "group": host.group_id, "job": job.pk, "plan": plan.pk}
    found["user"] = person("somebody", Role.MANAGER).pk
    return {"": {}, "entry": {"pk": plan.pk, "position": 1}, **{about: {"pk": pk or 0} for about, pk in found.items()}}


def answer(client: Client, name: str, keys: Keys, method: str) -> int:
    """The status, with everything that the request did taken back; for a refusal the page has to say so."""
    page = PAGES[name]
    address = reverse(name, kwargs=keys[page.about])
    sent = {"target": str(keys["host"]["pk"]), **page.sent}
    with transaction.atomic():
        found: Any = client.post(address, sent) if method == "post" else client.get(address)
        transaction.set_rollback(True)
    assert found.status_code != 403 or "You may not do this." in found.content.decode(), name
    return int(found.status_code)


def wrong_for(client: Client, role: Role | None, keys: Keys) -> dict[str, int]:
    """Addresses that let the role in against the table, or keep it out against it."""
    wrong = {}
    for name, page in PAGES.items():
        for method, who in (("get", page.get), ("post", page.post)):
            status = answer(client, name, keys, method)
            expected = {405, 403} if who is None else {403} if role not in who else {200, 204, 302, 400, 404, 409, 422}
            if status not in expected:
                wrong[f"{method} {name}"] = status
    return wrong


def test_every_address_is_in_the_table() -> None:
    names = [pattern.name for pattern in patterns(get_resolver().url_patterns)]

    assert sorted(map(str, names)) == sorted({**PAGES, **dict.fromkeys(OPEN, Page(None))})


@pytest.mark.parametrize("role", ROLES)
def test_every_address_lets_in_whom_the_table_says_and_nobody_else(
    client: Client, keys: Keys, role: Role | None
) -> None:
    client.force_login(person("walker", role))

    assert wrong_for(client, role, keys) == {}


@pytest.mark.parametrize("role", [Role.MANAGER, Role.HELP_DESK, None])
def test_who_only_looks_changes_nothing(client: Client, keys: Keys, role: Role | None) -> None:
    client.force_login(person("walker", role))
    before = MigrationJob.objects.values().get()

    for name, page in PAGES.items():
        client.post(reverse(name, kwargs=keys[page.about]), {"target": keys["host"]["pk"], **page.sent})

    assert MigrationJob.objects.values().get() == before


def test_nobody_gets_further_than_the_sign_in_page(client: Client, keys: Keys) -> None:
    for name, page in PAGES.items():
        for found in (
            client.get(reverse(name, kwargs=keys[page.about])),
            client.post(reverse(name, kwargs=keys[page.about])),
        ):
            assert found["Location"].startswith("/sign-in/?next=/"), name


def test_a_page_without_a_decision_is_closed_to_everybody(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = get_resolver().resolve("/vms/").func
    monkeypatch.delattr(view, "decided_by")

    assert admin_client.get("/vms/").status_code == 403


def test_every_websocket_is_in_the_table() -> None:
    routes = {str(route.pattern) for route in websocket_urlpatterns}

    assert {path.partition("?")[0] for path in SOCKETS} == routes


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ROLES)
async def test_every_websocket_lets_in_whom_the_table_says(role: Role | None) -> None:
    job = await sync_to_async(moved_vm)()
    client = await browser("walker", role)

    for path, who in SOCKETS.items():
        socket = Socket("/" + path.replace("<int:pk>", str(job.pk)), client)
        assert await socket.opens() == (role in who), path
        await socket.ends()


def test_every_command_is_in_the_table() -> None:
    assert {name for name, app in get_commands().items() if app in OURS} == set(COMMANDS)
