"""What a fresh installation needs before it can serve: its database and somebody who can sign in."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from console.people import add_user
from hosts.access import Role
from hosts.inventory import root_group

ADMINISTRATOR = "admin"

OF_THE_LAB = {"operator": Role.OPERATOR, "manager": Role.MANAGER, "helpdesk": Role.HELP_DESK}


def migrate_database() -> int:
    """Bring the database up to the code's models; returns how many migrations that took."""
    executor = MigrationExecutor(connection)
    todo = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if todo:
        call_command("migrate", verbosity=0, interactive=False)
    return len(todo)


def create_first_administrator() -> str | None:
    """The generated password of the administrator just made; None when there is a user already.

    It is kept nowhere in clear: whoever starts Ferry first has to read it off the terminal.
    """
    if User.objects.exists():
        return None
    return add_user(ADMINISTRATOR, Role.ADMINISTRATOR, is_temporary=False)


def create_users_of_the_lab() -> dict[str, str]:
    """The generated password of each: one user of every other role, for whoever tries Ferry on the lab."""
    return {name: add_user(name, role, [root_group()], is_temporary=False) for name, role in OF_THE_LAB.items()}
