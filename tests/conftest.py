"""Fixtures that every part of the tests uses."""

from __future__ import annotations

import shutil

import pytest
from django.contrib.auth.models import User
from django.test import Client


@pytest.fixture
def admin(db: None) -> User:
    """Somebody who may do everything."""
    return User.objects.create_superuser("admin", password=None)


@pytest.fixture
def operator(db: None) -> User:
    """Somebody who is signed in, and no more."""
    return User.objects.create_user("operator", password=None)


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
