"""What nobody should send, and a look at which names a page asks for: test_bad_input.py walks the table with both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from tests.fakes.databases import Execute

BAD_VALUES = (
    "-1",
    "999999",
    str(1 << 63),
    "9" * 5000,
    "a\0b",
    "<script>alert('1')</script>" + "😀" * 300,
    "²",
    "٣",
    "NaN",
    "9999-12-31T23:59",
    "0001-01-01T00:00",
    "..\\" * 100,
)

# In place of a number of the address. Those before it has no place for are no addresses at all.
FORGED_KEYS = ("0", "999999", str(1 << 63), "9" * 40, "-1", "1'--", "1%00", "%D9%A3")


class NoNulls:
    """For `connection.execute_wrapper`: PostgreSQL takes no null byte, and ends the request with an error."""

    def __call__(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        assert not any(isinstance(each, str) and "\0" in each for each in params or ()), sql
        return execute(sql, params, many, context)


@contextmanager
def names_asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Fills with the names that are looked up in a query or a form."""
    asked: set[str] = set()

    def spy(name: str, of: type[Any]) -> None:
        real = getattr(of, name)

        def noted(self: Any, key: Any, *rest: Any, **options: Any) -> Any:
            if isinstance(self, QueryDict) and isinstance(key, str):
                asked.add(key)
            return real(self, key, *rest, **options)

        patched.setattr(of, name, noted)

    with monkeypatch.context() as patched:
        for method in ("get", "getlist", "__getitem__"):
            spy(method, MultiValueDict)
        yield asked


def everything() -> Counter[str]:
    """How many rows there are of each model, but for what is kept of every request."""
    counted = (model for model in apps.get_models() if model.__name__ not in ("Session", "AuditRecord"))
    return Counter({model.__name__: model._default_manager.count() for model in counted})
