"""User administration: adding, changing, disabling, passwords; and that somebody is left who can do it."""

from __future__ import annotations

import re
import threading

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from console.people import LastAdministrator, add_user, change_role, disable, reset_password
from hosts.access import NO_ROLE, OWN_PASSWORD_FIRST, Action, Role, can, role_of
from hosts.inventory import root_group
from hosts.models import AuditRecord, HostGroup
from tests.migrations_app.sockets import Socket
from tests.people import person

OWN = "a password of my own"


@pytest.fixture
def boss(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def add(boss: Client, **fields: object) -> str:
    return boss.post(reverse("user-add"), {"name": "anna", "role": "Manager", **fields}).content.decode()


def password_in(text: str) -> str:
    found = re.search(r'id="new-password">(\w+)<', text)
    assert found, text
    return found[1]


def signed_in_as(name: str, password: str) -> Client:
    browser = Client()
    browser.post(reverse("sign-in"), {"username": name, "password": password})
    return browser


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_a_new_user_gets_a_password_that_is_shown_once_and_has_to_be_changed(boss: Client) -> None:
    password = password_in(add(boss))
    anna = signed_in_as("anna", password)

    led = anna.get("/hosts/?q=x")
    assert led["Location"] == "/password/?next=/hosts/%3Fq%3Dx"
    assert can(User.objects.get(username="anna"), Action.SEE_HOSTS).why_not == OWN_PASSWORD_FIRST

    done = anna.post(led["Location"], {"new_password1": OWN, "new_password2": OWN, "next": "/hosts/?q=x"})

    assert done["Location"] == "/hosts/?q=x"
    assert anna.get("/hosts/").status_code == 200
    assert password not in str(list(AuditRecord.objects.values()))


@pytest.mark.django_db(transaction=True)
async def test_a_given_password_opens_no_websocket() -> None:
    def browser() -> Client:
        Group.objects.get_or_create(name=Role.MANAGER)
        return signed_in_as("anna", add_user("anna", Role.MANAGER))

    assert not await Socket("/ws/jobs/", await sync_to_async(browser)()).opens()


def test_the_password_that_was_given_cannot_be_kept(boss: Client) -> None:
    password = password_in(add(boss))
    anna = signed_in_as("anna", password)

    answer = anna.post(reverse("own-password"), {"new_password1": password, "new_password2": password})

    assert answer.status_code == 400
    assert "Choose another password than the one you have." in answer.content.decode()


def test_who_has_his_own_password_gives_it_to_change_it(client: Client, db: None) -> None:
    user = person("anna", Role.MANAGER)
    user.set_password("correct horse battery")
    user.save()
    elsewhere, here = (signed_in_as("anna", "correct horse battery") for _ in range(2))

    refused = here.post(reverse("own-password"), {"old_password": "x", "new_password1": OWN, "new_password2": OWN})
    old = {"old_password": "correct horse battery"}
    done = here.post(reverse("own-password"), {**old, "new_password1": OWN, "new_password2": OWN})

    assert (refused.status_code, done.status_code) == (400, 302)
    assert here.get("/hosts/").status_code == 200
    assert elsewhere.get("/hosts/").status_code == 302


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("<script>alert(1)</script>", "A user name has letters, digits and @ . + - _ only."),
        ("\u202egnp.exe", "A user name has letters, digits and @ . + - _ only."),
        ("😀", "A user name has letters, digits and @ . + - _ only."),
        ("a" * 255, "A user name has 150 letters at most."),
        ("", "Give the user a name."),
        ("ADMIN", "There is a user of this name already."),
    ],
)
def test_a_name_that_is_none_is_refused_in_a_sentence(boss: Client, name: str, sentence: str) -> None:
    text = add(boss, name=name)

    assert sentence in text
    assert "<script>alert" not in text
    assert User.objects.count() == 1


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\u202egnp.exe", "😀" * 30, "a" * 150, "דוד"])
def test_any_name_that_is_there_is_shown_as_text_and_apart(boss: Client, name: str) -> None:
    user = User.objects.create_user(name)
    shown = escape(name).replace("\u202e", "\ufffd")  # what would turn the text can be seen instead

    for address in (reverse("user-list"), reverse("user-page", args=[user.pk])):
        text = boss.get(address).content.decode()
        assert "<script>alert" not in text
        assert f"<bdi>{shown}</bdi>" in text


def test_an_operator_needs_a_group_and_gets_those_that_were_chosen(boss: Client) -> None:
    berlin = HostGroup.objects.create(name="Berlin", parent=root_group())
    assert "Choose at least one host group" in add(boss, role="Operator")

    add(boss, role="Operator", groups=[berlin.pk])

    anna = User.objects.get(username="anna")
    assert [it.group for it in anna.operator_groups.all()] == [berlin]


@pytest.mark.parametrize(("field", "value"), [("role", "Emperor"), ("groups", "999"), ("groups", "x")])
def test_a_forged_role_or_group_is_refused(boss: Client, field: str, value: str) -> None:
    assert "No user was added." in add(boss, **{field: value})


def test_a_role_is_changed_and_holds_from_the_next_request_on(boss: Client) -> None:
    max_ = person("max", Role.MANAGER)
    his = Client()
    his.force_login(max_)

    boss.post(reverse("user-page", args=[max_.pk]), {"role": "Help Desk"})

    assert his.get("/hosts/").status_code == 403
    assert his.get("/jobs/").status_code == 200


def test_a_role_can_be_taken_away(boss: Client) -> None:
    max_ = person("max", Role.MANAGER)

    boss.post(reverse("user-page", args=[max_.pk]), {"role": ""})

    assert can(again(max_), Action.SEE_JOBS).why_not == NO_ROLE


def test_who_is_disabled_is_signed_out_and_stays_so_when_he_is_enabled(boss: Client) -> None:
    max_ = person("max", Role.MANAGER)
    his = Client()
    his.force_login(max_)

    boss.post(reverse("user-disable", args=[max_.pk]))
    assert his.get("/hosts/").status_code == 302
    boss.post(reverse("user-enable", args=[max_.pk]))

    assert his.get("/hosts/").status_code == 302
    assert again(max_).is_active


def test_a_reset_password_ends_every_session_and_has_to_be_changed(boss: Client) -> None:
    max_ = person("max", Role.MANAGER)
    his = Client()
    his.force_login(max_)

    password = password_in(boss.post(reverse("user-reset", args=[max_.pk])).content.decode())

    assert his.get("/hosts/").status_code == 302
    assert signed_in_as("max", password).get("/hosts/")["Location"].startswith("/password/")


def test_a_page_with_a_password_is_kept_by_no_browser(boss: Client) -> None:
    answer = boss.post(reverse("user-add"), {"name": "anna", "role": "Manager"})

    assert "no-store" in answer["Cache-Control"]


def test_the_last_administrator_is_neither_disabled_nor_demoted(boss: Client, admin: User) -> None:
    page = reverse("user-page", args=[admin.pk])
    disabled = boss.post(reverse("user-disable", args=[admin.pk]), follow=True).content.decode()
    demoted = boss.post(page, {"role": "Manager"}, follow=True).content.decode()

    for text in (disabled, demoted):
        assert "Nothing was changed. admin is the last administrator." in text
    assert (role_of(again(admin)), again(admin).is_active) == (Role.ADMINISTRATOR, True)
    assert "admin is the last administrator." in boss.get(page).content.decode()


def test_a_disabled_administrator_does_not_count_as_another_one(admin: User) -> None:
    other = person("other", Role.ADMINISTRATOR)
    disable(other)

    with pytest.raises(LastAdministrator):
        change_role(admin, Role.MANAGER)


def test_a_superuser_who_is_demoted_is_one_no_more(admin: User) -> None:
    person("other", Role.ADMINISTRATOR)

    change_role(admin, Role.HELP_DESK)

    assert role_of(again(admin)) == Role.HELP_DESK


@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_demote_each_other_at_once() -> None:
    for role in Role:
        Group.objects.get_or_create(name=role)
    both = [person(name, Role.ADMINISTRATOR) for name in ("anna", "max")]
    refused: list[LastAdministrator] = []
    start = threading.Barrier(2)

    def demote(user: User) -> None:
        start.wait()
        try:
            change_role(user, Role.MANAGER)
        except LastAdministrator as error:
            refused.append(error)
        connection.close()

    threads = [threading.Thread(target=demote, args=[user]) for user in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1


def test_the_list_takes_the_same_few_queries_for_many_users(
    boss: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        person(f"user{number}", Role.OPERATOR)

    with django_assert_max_num_queries(17):
        assert "user29" in boss.get(reverse("user-list")).content.decode()


def test_a_password_is_never_twice_the_same(db: None) -> None:
    first = add_user("anna", None)

    assert reset_password(User.objects.get(username="anna")) != first
