"""Addresses that come from outside and that somebody is led to."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def is_ours(request: HttpRequest, address: str) -> bool:
    """An address of this console, and nowhere else."""
    return url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()})
