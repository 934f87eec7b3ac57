"""Fixtures that every part of the tests uses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.contenttypes.management import create_contenttypes
from django.db import connection
from django.db.models.signals import post_migrate
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from hosts.access import Role
from tests.people import person

MIGRATED = "migrated.sqlite3"


def pytest_configure() -> None:
    """A password is made to take a while; test_sign_in.py holds the one that Ferry uses."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Whenever the tables were emptied Django would write its permissions anew, of which Ferry has none
    (hosts/access.py): that took longer than the emptying."""
    assert post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    assert post_migrate.disconnect(create_contenttypes)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Between two tests with real transactions every table is emptied: on SQLite the audit log's guard would refuse.
    As the migrations left it, the database is kept for `migrated_var`."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("VACUUM INTO %s", [str(settings.VAR_DIR / MIGRATED)])
            cursor.execute("DROP TRIGGER audit_no_delete")


@pytest.fixture
def migrated_var(db: None, tmp_path: Path) -> Path:
    """FERRY_VAR for a process of its own, which finds all migrations done: they are most of what its start takes."""
    var = tmp_path / "var"
    var.mkdir()
    shutil.copy(settings.VAR_DIR / MIGRATED, var / "ferry.sqlite3")
    return var


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
    """Debian's Chromium, without windows if that is there: it takes a quarter of the processor time for the same page.
    What needs it is skipped where there is neither."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on this machine: apt-get install chromium-headless-shell")
    return path
