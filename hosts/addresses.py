"""Addresses that come from outside: where they lead, and which keys they name."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

_MOST_DIGITS = 18  # what a column of keys can be asked for


def is_key(text: str) -> bool:
    """Whether it can be the key of a row; whether there is such a row is another question."""
    return text.isascii() and text.isdecimal() and len(text) < _MOST_DIGITS


def is_ours(request: HttpRequest, address: str) -> bool:
    """An address of this console, and nowhere else. Without a slash Django would take it for the name of a page."""
    return address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()})
