"""What Ferry is made of and what it holds: versions, the database, and how many rows of what."""

from __future__ import annotations

import os
import platform
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import django
from django.conf import settings
from django.db import connection

from hosts import units
from hosts.models import Host, VirtualMachine
from hosts.retention import facts_of
from hosts.retention import retention as kept_as
from migrations_app.models import MigrationJob

_PROJECT = settings.BASE_DIR / "pyproject.toml"


def ferry_version() -> str:
    return str(tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"])


def versions() -> dict[str, str]:
    return {
        "Ferry": ferry_version(),
        "Python": platform.python_version(),
        "Django": django.get_version(),
        "Celery": _version_of("celery"),
        "libvirt-python": _version_of("libvirt-python"),
        "System": f"{platform.system()} {platform.release()}",
    }


def database() -> dict[str, str]:
    """Its kind and version, and what it takes."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version'), pg_database_size(current_database())")
            number, size_bytes = cursor.fetchone()
        return {"Kind": f"PostgreSQL {number}", "Size": units.size(size_bytes)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()")
        (number,) = cursor.fetchone()
    return {"Kind": f"SQLite {number}, one file", "Size": units.size(_size_of(str(connection.settings_dict["NAME"])))}


def holdings() -> dict[str, int]:
    jobs = MigrationJob.objects
    return {
        "Hosts": Host.objects.count(),
        "Virtual machines": VirtualMachine.objects.count(),
        "Jobs": jobs.count(),
        "of which running or queued": jobs.filter(status__in=MigrationJob.OPEN).count(),
    }


def retention() -> list[tuple[str, str, str]]:
    """What is kept, for how long, and the setting that says so until something else is stored in the console."""
    names = ("FERRY_HISTORY_KEEP_D", "FERRY_SAMPLES_KEEP_H", "FERRY_AVERAGES_KEEP_D")
    kept = zip(facts_of(kept_as()).items(), names, strict=True)
    return [*((what, how_long, name) for (what, how_long), name in kept), ("audit log", "for ever", "")]


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _size_of(file: str) -> int:
    """With what SQLite has not yet put into it."""
    return sum(os.path.getsize(path) for path in (file, f"{file}-wal") if Path(path).exists())  # noqa: PTH202
