"""A PostgreSQL server of the tests' own, on a socket in a folder of its own; as a command: pytest on that server.

python -m tests.postgresql tests/migrations_app

Tests that ask for no database are left out there: they would do the same again.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_ACCOUNT = "postgres"
_DATABASES = {"db", "transactional_db"}

# Nothing of it outlives the tests, so that nothing has to be safe on disk or tidied up.
_QUIET = {
    "listen_addresses": "",
    "max_connections": "60",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "jit": "off",
}


class NoPostgresql(Exception):
    """This machine has none."""


@contextmanager
def postgresql() -> Iterator[str]:
    """A fresh server; yields its FERRY_DATABASE_URL. Raises NoPostgresql. PostgreSQL refuses to run as root: then as
    the account that Debian's package made."""
    programs = _programs()
    account = _ACCOUNT if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="ferry-postgresql-"))
    if account is not None:
        shutil.chown(folder, account)
    cluster = folder / "cluster"
    control = [str(programs / "pg_ctl"), "-D", str(cluster), "-w", "-l", str(folder / "log")]
    options = " ".join(f"-c {name}={value}" for name, value in {"unix_socket_directories": folder, **_QUIET}.items())
    try:
        _run([str(programs / "initdb"), "-N", "-D", str(cluster), "-A", "trust", "-U", "ferry", "-E", "UTF8"], account)
        _run([*control, "-o", options, "start"], account)
        try:
            yield f"postgresql://ferry@{str(folder).replace('/', '%2F')}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"], account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise NoPostgresql("no PostgreSQL server on this machine: apt-get install postgresql")
    if os.getuid() == 0 and _ACCOUNT not in {entry.pw_name for entry in pwd.getpwall()}:
        raise NoPostgresql(f"no account {_ACCOUNT}, as which PostgreSQL could run")
    return found[-1].parent


def _run(command: list[str], account: str | None) -> None:
    """With files for the output: the server would hold a pipe open for ever."""
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(command, user=account, cwd="/", stdout=said, stderr=said, check=False)
        said.seek(0)
        assert done.returncode == 0, said.read()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `-p tests.postgresql`."""
    apart = [item for item in items if not _asks_a_database(item)]
    items[:] = [item for item in items if _asks_a_database(item)]
    config.hook.pytest_deselected(items=apart)


def _asks_a_database(item: pytest.Item) -> bool:
    is_marked = item.get_closest_marker("django_db") is not None
    return is_marked or bool(_DATABASES.intersection(getattr(item, "fixturenames", ())))


def main() -> int:
    try:
        with postgresql() as url:
            command = [sys.executable, "-m", "pytest", "-p", "tests.postgresql", *sys.argv[1:]]
            return subprocess.run(command, env={**os.environ, "FERRY_DATABASE_URL": url}, check=False).returncode
    except NoPostgresql as missing:
        sys.stdout.write(f"skipped: {missing}\n")
        return 0


if __name__ == "__main__":
    sys.exit(main())
