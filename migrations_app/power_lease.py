"""A worker's hold on an order: the row says so, so that a killed worker is noticed within seconds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.utils import timezone

from hosts.models import PowerOrder


def lease_end() -> datetime:
    """Long enough for a database that does not answer for a while: nothing is lost by waiting."""
    return timezone.now() + timedelta(seconds=3 * settings.LEASE_S)


@contextmanager
def held(order_pk: int) -> Iterator[None]:
    """The lease of the order does not run out inside."""
    is_over = threading.Event()
    thread = threading.Thread(target=_beat, args=(order_pk, is_over), name=f"order-{order_pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(timeout=settings.LEASE_S)


def _beat(order_pk: int, is_over: threading.Event) -> None:
    running = PowerOrder.objects.filter(pk=order_pk, state=PowerOrder.State.RUNNING)
    try:
        while not is_over.wait(settings.LEASE_S / 2):
            with suppress(DatabaseError, InterfaceError):
                close_old_connections()
                running.update(lease_until=lease_end())
    finally:
        connection.close()
