"""What the first start makes, and the second leaves alone."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.first_run import ADMINISTRATOR, create_first_administrator, migrate_database


@pytest.mark.django_db
def test_the_first_start_makes_an_administrator_who_can_sign_in(client: Client) -> None:
    password = create_first_administrator()

    assert password is not None
    assert len(password) >= 16
    assert client.login(username=ADMINISTRATOR, password=password)
    assert User.objects.get().is_superuser


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
