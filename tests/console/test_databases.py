"""What FERRY_DATABASE_URL may say."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from console.databases import postgresql


def test_an_address_becomes_djangos_entry() -> None:
    entry = postgresql("postgresql://ferry:p%40ss@db.example.org:5433/console?sslmode=require", "-c lock_timeout=6s")

    assert entry["ENGINE"] == "django.db.backends.postgresql"
    assert (entry["HOST"], entry["PORT"], entry["NAME"]) == ("db.example.org", 5433, "console")
    assert (entry["USER"], entry["PASSWORD"]) == ("ferry", "p@ss")
    assert entry["OPTIONS"]["options"] == "-c lock_timeout=6s"
    assert entry["OPTIONS"]["sslmode"] == "require"


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://u:secret@h/ferry", "postgresql://u:secret@h", "postgresql://u:secret@[h/x"]
)
def test_what_is_no_postgresql_is_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="FERRY_DATABASE_URL") as refused:
        postgresql(url, "")

    assert "secret" not in str(refused.value)
