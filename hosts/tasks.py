"""What the scheduler does for the inventory. Each task calls one verb."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from hosts.browsing_answers import answer_folders
from hosts.inventory import refresh_host
from hosts.models import Host
from hosts.pulses import note_pulse
from hosts.rollup import forget_old_loads, roll_up
from hosts.thorough_answers import answer_check


@shared_task  # type: ignore[untyped-decorator]
def refresh_all() -> None:
    """Have every host asked, each by a task of its own: a slow host keeps no other waiting."""
    for host_id in Host.objects.values_list("pk", flat=True):
        refresh.apply_async((host_id,), expires=settings.REFRESH_EVERY_S)
    note_pulse("refresh")


@shared_task  # type: ignore[untyped-decorator]
def refresh(host_id: int) -> None:
    """Ask one host; nothing if it was removed meanwhile."""
    if host := Host.objects.filter(pk=host_id).first():
        refresh_host(host)


@shared_task  # type: ignore[untyped-decorator]
def keep_loads() -> None:
    """Average the hours that are over, then forget what is too old: never before it is averaged."""
    roll_up()
    forget_old_loads()
    note_pulse("keep-loads")


@shared_task  # type: ignore[untyped-decorator]
def check_thoroughly(check_id: int) -> None:
    """Answer a live check that a page asked for."""
    answer_check(check_id)


@shared_task  # type: ignore[untyped-decorator]
def list_folders(listing_id: int) -> None:
    """Answer a page that asked which folders a host has."""
    answer_folders(listing_id)
