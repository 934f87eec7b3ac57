"""What a fresh installation needs before it can serve: its database and somebody who can sign in."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

ADMINISTRATOR = "admin"

_LENGTH = 16
_LETTERS = "abcdefghijkmnopqrstuvwxyzACDEFGHJKLMNPQRTUVWXY34679"


def migrate_database() -> int:
    """Bring the database up to the code's models; returns how many migrations that took."""
    executor = MigrationExecutor(connection)
    todo = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if todo:
        call_command("migrate", verbosity=0, interactive=False)
    return len(todo)


def create_first_administrator() -> str | None:
    """The generated password of the administrator just made; None when there is a user already.

    It is kept nowhere in clear: whoever starts Ferry first has to read it off the terminal. So no letter of it looks
    like another one, and 16 of 51 letters are 90 bits.
    """
    if User.objects.exists():
        return None
    password = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    User.objects.create_superuser(ADMINISTRATOR, password=password)
    return password
