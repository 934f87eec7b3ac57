"""A session that ends in the middle of something: after the sign-in what was entered is there again."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from migrations_app.models import MigrationJob
from tests.fakes.estate import Estate
from tests.migrations_app.wizard import Wizard, page_of, said

PASSWORD = "correct horse battery"
PAGES = ["migrate", "migrate-host", "migrate-host-ratings", "migrate-path", "migrate-networks", "migrate-summary"]


@pytest.fixture
def stranger(operator: User) -> Client:
    """The browser of the operator, whose session has ended."""
    operator.set_password(PASSWORD)
    operator.save()
    return Client()


def signs_in(client: Client, answer: Any) -> Any:
    """Where one is led by an answer that leads to the sign-in page."""
    led = answer.headers.get("HX-Redirect") or answer["Location"]
    back = parse_qs(urlsplit(led).query)["next"][0]
    return client.post(led, {"username": "operator", "password": PASSWORD, "next": back}, follow=True)


def entered(answer: Any) -> dict[str, str]:
    return {name: value for name, value in answer.wsgi_request.GET.items() if name != "check"}


@pytest.mark.parametrize("page", [*PAGES, "migrate-script"])
def test_each_page_of_the_wizard_comes_back_with_its_answers(page: str, wizard: Wizard, stranger: Client) -> None:
    state = {name: str(value) for name, value in wizard.state.items()}

    shown = signs_in(stranger, stranger.get(reverse(page, args=[wizard.vm.pk]), state))

    assert (page_of(shown), entered(shown)) == (page, state)


FRAGMENTS = {
    "migrate-host-about": "migrate-host",
    "migrate-host-checked": "migrate-host",
    "migrate-path-folders": "migrate-path",
    "migrate-path": "migrate-path",
    "migrate": "migrate",
}


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_fragment_comes_back_as_its_page_with_what_was_just_chosen(
    fragment: str, wizard: Wizard, stranger: Client
) -> None:
    state = {name: str(value) for name, value in wizard.state.items()} | {"folder": "D:\\Typed"}
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/vms/"}

    shown = signs_in(stranger, stranger.get(reverse(fragment, args=[wizard.vm.pk]), state, headers=headers))

    assert (page_of(shown), entered(shown)) == (FRAGMENTS[fragment], state)


ORDERS = {
    "migrate-move": "migrate-summary",
    "migrate-host-check": "migrate-host",
    "migrate-path-browse": "migrate-path",
}


@pytest.mark.parametrize("order", ORDERS)
def test_what_was_ordered_is_asked_again_and_not_done(order: str, wizard: Wizard, stranger: Client) -> None:
    state = {name: str(value) for name, value in wizard.state.items()} | {"limit": "10"}
    address = reverse(order, args=[wizard.vm.pk])

    shown = signs_in(stranger, stranger.post(address, {**state, "move": "yes", "then": "about", "sure": "yes"}))

    assert (page_of(shown), entered(shown)) == (ORDERS[order], state)
    assert not MigrationJob.objects.exists()


def test_a_move_from_a_page_of_an_earlier_session_shows_its_summary(wizard: Wizard, operator: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(operator)

    shown = browser.post(
        reverse("migrate-move", args=[wizard.vm.pk]), {**wizard.state, "limit": "10", "move": "yes"}, follow=True
    )

    assert page_of(shown) == "migrate-summary"
    assert "Nothing was done yet: the page was loaded before you signed in. Send it again." in said(shown)
    assert entered(shown)["limit"] == "10"


def test_a_plan_comes_back_with_the_times_that_were_entered(estate: Estate, stranger: Client, operator: User) -> None:
    stranger.force_login(operator)
    plan = stranger.post(reverse("job-plan-new"), {"vm": estate.keys("VM1")})["Location"]
    stranger.logout()

    shown = signs_in(stranger, stranger.post(f"{plan}approve/", {"when": "at", "start": "2099-11-24T02:00"}))

    assert shown.wsgi_request.path == plan
    assert 'value="2099-11-24T02:00"' in said(shown)
    assert not MigrationJob.objects.exists()


@pytest.mark.parametrize("page", ["", "moves/1/"])
def test_pages_of_plans_come_back(page: str, estate: Estate, stranger: Client, operator: User) -> None:
    stranger.force_login(operator)
    plan = stranger.post(reverse("job-plan-new"), {"vm": estate.keys("VM1")})["Location"]
    stranger.logout()

    shown = signs_in(stranger, stranger.get(plan + page))

    assert (shown.status_code, shown.wsgi_request.path) == (200, plan + page)


def test_virtual_machines_that_were_to_be_shut_down_are_asked_about_again(estate: Estate, stranger: Client) -> None:
    shown = signs_in(
        stranger, stranger.post("/vms/power/", {"verb": "shut-down", "sure": "yes", "vm": estate.keys("VM1", "VM2")})
    )

    assert "Shut down 2 virtual machines?" in said(shown)
