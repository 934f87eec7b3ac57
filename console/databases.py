"""PostgreSQL, for a console of several processes: the only user of dj-database-url."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

_ENGINE = "django.db.backends.postgresql"
_CONNECT_WITHIN_S = 5


def postgresql(url: str, server_options: str) -> Mapping[str, Any]:
    """Django's entry for a URL such as postgresql://user:password@host:5432/ferry.

    `server_options` are set for every connection. Raises ImproperlyConfigured, without the URL: it holds a password.
    """
    try:
        entry: dict[str, Any] = dict(dj_database_url.parse(url, conn_health_checks=True))
    except (dj_database_url.ParseError, dj_database_url.UnknownSchemeError, ValueError):
        entry = {}
    if entry.get("ENGINE") != _ENGINE or not entry.get("NAME"):
        raise ImproperlyConfigured("FERRY_DATABASE_URL is no address such as postgresql://user:password@host/ferry.")
    entry["OPTIONS"] = {"connect_timeout": _CONNECT_WITHIN_S, "options": server_options, **entry.get("OPTIONS", {})}
    return entry
