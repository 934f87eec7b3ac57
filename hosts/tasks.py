"""What the scheduler does for the inventory. Each task calls one verb."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from hosts.inventory import forget_old_samples, refresh_host
from hosts.models import Host


@shared_task  # type: ignore[untyped-decorator]
def refresh_all() -> None:
    """Have every host asked, each by a task of its own: a slow host keeps no other waiting."""
    forget_old_samples()
    for host_id in Host.objects.values_list("pk", flat=True):
        refresh.apply_async((host_id,), expires=settings.REFRESH_EVERY_S)


@shared_task  # type: ignore[untyped-decorator]
def refresh(host_id: int) -> None:
    """Ask one host; nothing if it was removed meanwhile."""
    if host := Host.objects.filter(pk=host_id).first():
        refresh_host(host)
