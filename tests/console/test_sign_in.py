"""Signing in: how often it may be tried, and that it leads back to where one was."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from console.door import address_of
from console.models import SignInTries
from console.settings import PASSWORD_HASHERS
from console.sign_in_limit import FREE_TRIES_FROM_AN_ADDRESS, FREE_TRIES_OF_A_NAME, LONGEST_WAIT_S, take_try
from hosts.access import Role
from hosts.models import AuditRecord, VirtualMachine
from migrations_app.models import MigrationJob
from tests.journeys.rows import moved_vm
from tests.people import person

PASSWORD = "correct horse battery"
HERE, ELSEWHERE = "192.0.2.1", "203.0.113.9"


@pytest.fixture
def anna(db: None) -> User:
    user = person("anna", None)
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client: Client, password: str, name: str = "anna", address: str = HERE) -> int:
    answer = client.post(reverse("sign-in"), {"username": name, "password": password}, REMOTE_ADDR=address)
    return answer.status_code


def later(seconds: float) -> None:
    """So much time goes by. The other way round a wait does not end while a slow machine still asks."""
    for row in SignInTries.objects.all():
        SignInTries.objects.filter(pk=row.pk).update(last_at=row.last_at - timedelta(seconds=seconds))


def guess(client: Client, name: str = "anna", address: str = ELSEWHERE) -> None:
    """Until it has to wait for a whole minute."""
    for _ in range(FREE_TRIES_OF_A_NAME + 7):
        sign_in(client, "wrong", name, address)
        later(LONGEST_WAIT_S)


def test_after_some_wrong_passwords_even_the_right_one_has_to_wait(client: Client, anna: User) -> None:
    assert [sign_in(client, "wrong") for _ in range(FREE_TRIES_OF_A_NAME)] == [200] * FREE_TRIES_OF_A_NAME

    later(-30)
    answer = client.post(reverse("sign-in"), {"username": "anna", "password": PASSWORD}, REMOTE_ADDR=HERE)

    assert answer.status_code == 429
    assert f"Signing in was tried too often. Wait {answer['Retry-After']} s, then try again." in answer.content.decode()


def test_the_wait_ends_and_is_never_longer_than_a_minute(client: Client, anna: User) -> None:
    guess(client, address=HERE)
    SignInTries.objects.update(last_at=timezone.now())
    assert LONGEST_WAIT_S / 2 < take_try("anna", HERE) <= LONGEST_WAIT_S

    later(LONGEST_WAIT_S)

    assert sign_in(client, PASSWORD) == 302
    assert not SignInTries.objects.filter(tries__gt=FREE_TRIES_FROM_AN_ADDRESS).exists()


def test_a_name_that_nobody_has_is_answered_alike(client: Client, anna: User) -> None:
    def texts(name: str) -> list[str]:
        bodies = []
        for _ in range(FREE_TRIES_OF_A_NAME + 1):
            answer = client.post(reverse("sign-in"), {"username": name, "password": "x"}, REMOTE_ADDR=name)
            body = re.sub(r'value="[^"]*"|Wait \d+ s', "", answer.content.decode())
            bodies.append(f"{answer.status_code} {body}")
            later(-30 if len(bodies) == FREE_TRIES_OF_A_NAME else 0)
        return bodies

    assert texts("anna") == texts("nobody")


def test_who_guesses_elsewhere_does_not_keep_the_owner_out(client: Client, anna: User) -> None:
    assert sign_in(client, PASSWORD) == 302

    guess(Client())
    SignInTries.objects.update(last_at=timezone.now())

    assert sign_in(Client(), PASSWORD, address=ELSEWHERE) == 429
    assert sign_in(Client(), PASSWORD) == 302


def test_an_address_that_tries_many_names_has_to_wait(client: Client, anna: User) -> None:
    for number in range(FREE_TRIES_FROM_AN_ADDRESS):
        sign_in(client, "wrong", f"user{number}", ELSEWHERE)
    later(-30)

    assert sign_in(client, PASSWORD, address=ELSEWHERE) == 429
    assert sign_in(client, PASSWORD, address=HERE) == 302


def test_tries_are_forgotten_and_keep_no_name(client: Client, anna: User) -> None:
    sign_in(client, "wrong", "my secret typed into the wrong field")
    assert "secret" not in str(list(SignInTries.objects.values()) + list(AuditRecord.objects.values()))

    later(3600)
    take_try("other", ELSEWHERE)

    assert SignInTries.objects.count() == 2


def test_the_spelling_of_a_name_opens_no_second_account_of_tries(client: Client, anna: User) -> None:
    for name in ("anna", "ANNA", "Anna", "\uff41nna", "aNNa"):
        sign_in(client, "wrong", name, address=f"192.0.2.{len(name)}{ord(name[0]) % 9}")

    later(-30)

    assert take_try("annA", ELSEWHERE) > 0


@pytest.mark.parametrize("told", ["", "203.0.113.9", "1.2.3.4, 203.0.113.9"])
def test_a_browser_cannot_say_that_it_is_elsewhere(client: Client, settings: Settings, told: str) -> None:
    request = client.get("/sign-in/", REMOTE_ADDR=HERE, headers={"X-Forwarded-For": told}).wsgi_request
    assert address_of(request) == HERE

    settings.PROXIES = [HERE]

    assert address_of(request) == (ELSEWHERE if told else HERE)


def test_a_password_is_kept_by_argon2_and_opens_the_door(client: Client, settings: Settings, anna: User) -> None:
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS
    anna.set_password(PASSWORD)
    anna.save()

    assert anna.password.startswith("argon2$argon2id$")
    assert sign_in(client, "wrong") == 200
    assert sign_in(client, PASSWORD) == 302


def test_a_name_with_a_zero_byte_is_a_wrong_name(client: Client, anna: User) -> None:
    assert sign_in(client, "wrong", "anna\0") == 200


def test_a_form_from_before_signing_in_is_answered_with_a_sentence(anna: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    assert browser.post("/jobs/1/retry/")["Location"] == "/sign-in/?next=/"
    browser.force_login(anna)

    answer = browser.post("/jobs/1/retry/")

    assert answer.status_code == 403
    assert "The page was loaded before you signed in." in answer.content.decode()


# The way back.


@pytest.fixture
def job(anna: User) -> MigrationJob:
    person("anna", Role.OPERATOR)
    return moved_vm()


def back_of(location: str) -> str:
    return parse_qs(urlsplit(location).query)["next"][0]


def test_a_page_of_the_wizard_is_shown_again_with_all_its_answers(client: Client, job: MigrationJob) -> None:
    address = f"/vms/{job.vm_id}/migrate/networks/?target={job.source_id}&folder=D%3A%5CVMs%26x&on={job.source_id}"

    led = client.get(address)
    answer = client.post(led["Location"], {"username": "anna", "password": PASSWORD, "next": back_of(led["Location"])})

    assert answer["Location"] == address


def test_what_was_entered_on_the_summary_comes_back_with_it(client: Client, job: MigrationJob) -> None:
    entered = {"target": str(job.source_id), "limit": "10", "move": "yes", "csrfmiddlewaretoken": "x"}

    back = back_of(client.post(reverse("migrate-move", args=[job.vm_id]), entered)["Location"])

    assert back == f"/vms/{job.vm_id}/migrate/summary/?target={job.source_id}&limit=10"


def test_a_fragment_leads_the_whole_window_to_the_sign_in_page_and_back_to_its_page(client: Client, db: None) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/vms/?q=web&selected=7"}

    for answer in (client.get("/vms/7/menu/", headers=headers), client.post("/jobs/1/retry/", headers=headers)):
        assert answer.content == b""
        assert back_of(answer["HX-Redirect"]) == "/vms/?q=web&selected=7"


def test_a_form_leads_back_to_its_page(client: Client, db: None) -> None:
    answer = client.post("/jobs/1/retry/", headers={"Referer": "http://testserver/jobs/1/?x=1"})

    assert back_of(answer["Location"]) == "/jobs/1/?x=1"


@pytest.mark.parametrize("foreign", ["https://evil.example/", "//evil.example/vms/", "javascript:alert(1)", "/\\evil"])
def test_the_way_back_stays_in_the_console(client: Client, anna: User, foreign: str) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": foreign, "Referer": foreign}
    assert back_of(client.post("/jobs/1/retry/", headers=headers)["HX-Redirect"]) == "/"
    assert back_of(client.post("/jobs/1/retry/", headers={"Referer": foreign})["Location"]) == "/"

    answer = client.post("/sign-in/", {"username": "anna", "password": PASSWORD, "next": foreign})

    assert answer["Location"] == "/"


def test_nothing_of_a_vm_is_shown_without_signing_in(client: Client, job: MigrationJob) -> None:
    vm = VirtualMachine.objects.get()

    assert vm.name not in client.get(f"/vms/{vm.pk}/", follow=True).content.decode()
