"""What the first start makes, and the second leaves alone."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.first_run import (
    ADMINISTRATOR,
    OF_THE_LAB,
    create_first_administrator,
    create_users_of_the_lab,
    migrate_database,
)
from hosts.access import Role, role_of


@pytest.mark.django_db
def test_the_first_start_makes_an_administrator_who_can_sign_in(client: Client) -> None:
    password = create_first_administrator()

    assert password is not None
    assert len(password) >= 16
    assert client.login(username=ADMINISTRATOR, password=password)
    assert role_of(User.objects.get()) == Role.ADMINISTRATOR


def test_no_administrator_is_made_where_there_is_a_user(operator: User) -> None:
    assert create_first_administrator() is None
    assert list(User.objects.all()) == [operator]


@pytest.mark.django_db
def test_every_first_password_is_another_one() -> None:
    first = create_first_administrator()
    User.objects.all().delete()

    assert create_first_administrator() != first


@pytest.mark.django_db
def test_a_database_that_is_up_to_date_is_left_alone() -> None:
    assert migrate_database() == 0


@pytest.mark.django_db
def test_the_lab_has_a_user_of_every_other_role_who_can_sign_in(client: Client) -> None:
    passwords = create_users_of_the_lab()

    assert {name: role_of(User.objects.get(username=name)) for name in passwords} == OF_THE_LAB
    assert set(OF_THE_LAB.values()) == set(Role) - {Role.ADMINISTRATOR}
    assert all(client.login(username=name, password=password) for name, password in passwords.items())
