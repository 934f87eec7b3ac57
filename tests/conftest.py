"""Fixtures that every part of the tests uses."""

from __future__ import annotations

import shutil

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from hosts.access import Role
from tests.people import person


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Between two tests with real transactions every table is emptied: on SQLite the audit log's guard would refuse."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER audit_no_delete")


@pytest.fixture
def admin(db: None) -> User:
    """Somebody who may do everything."""
    return User.objects.create_superuser("admin", password=None)


@pytest.fixture
def operator(db: None) -> User:
    """Somebody who may migrate everywhere."""
    return person("operator", Role.OPERATOR)


@pytest.fixture
def signed_in(client: Client, operator: User) -> Client:
    """Django's test client with the operator signed in."""
    client.force_login(operator)
    return client


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's Chromium; what needs it is skipped where there is none."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    return path
