"""The log on the terminal, as the settings make it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from django.test import Client

from console.log_lines import ShortRefusals
from hosts.access import Role
from tests.people import person


@pytest.fixture
def terminal() -> Iterator[io.StringIO]:
    """What would be read there."""
    handler = next(each for each in logging.root.handlers if any(isinstance(it, ShortRefusals) for it in each.filters))
    assert isinstance(handler, logging.StreamHandler)
    seen = io.StringIO()
    before = handler.setStream(seen)
    yield seen
    handler.setStream(before)


def test_a_refused_request_is_one_line(client: Client, db: None, terminal: io.StringIO) -> None:
    client.force_login(person("mara", Role.MANAGER))

    for path in ("/users/", "/vms/?q=%00", "/nonsense/"):
        client.get(path)

    assert len(terminal.getvalue().splitlines()) == 3
    assert "Forbidden (Permission denied): /users/" in terminal.getvalue()


def test_an_error_keeps_its_traceback(terminal: io.StringIO) -> None:
    logging.getLogger("django.request").error("Internal Server Error: /vms/", exc_info=LookupError("a disk"))

    assert "LookupError: a disk" in terminal.getvalue()
