"""Who works on a job: one worker at a time, by a fenced lease, with a slot on each of its two hosts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, transaction
from django.db.models import Case, DateTimeField, F, Q, QuerySet, Value, When
from django.utils import timezone

from hosts.models import Host
from migrations_app.events import add_event
from migrations_app.models import HostSlot, MigrationJob

HEARTBEAT_S = 1.0


class LeaseLost(Exception):
    """Another worker has the job; whatever we would still write is void."""


@dataclass(frozen=True, slots=True)
class Lease:
    """`was_left`: the worker before us did not give the job back; it died, or was too slow."""

    job_pk: int
    fence: int
    was_left: bool = False

    def rows(self) -> QuerySet[MigrationJob]:
        """The job's row as long as it is ours: every write of a worker goes through this."""
        return MigrationJob.objects.filter(pk=self.job_pk, fence=self.fence)

    def write(self, **fields: object) -> None:
        """Write to the job's row. Raises LeaseLost when it is not ours any more."""
        if not self.rows().update(version=F("version") + 1, **fields):
            raise LeaseLost


def take_lease(job_pk: int, owner: str) -> Lease | None:
    """The lease with both slots, in one transaction; None when the job is not due, busy, or a host is full."""
    with transaction.atomic():
        job = MigrationJob.objects.select_for_update().filter(due(timezone.now()), pk=job_pk).first()
        if job is None or not _take_slots(job):
            return None
        was_left = bool(job.owner)
        job.fence += 1
        job.owner = owner
        job.lease_until = _lease_end()
        job.save(update_fields=["fence", "owner", "lease_until"])
        return Lease(job.pk, job.fence, was_left)


def due(now: datetime) -> Q:
    """Jobs that a worker may take up at `now`. A lease that ends later than any lease can was written before the
    clock was set back: nobody holds it."""
    is_open = Q(status__in=MigrationJob.OPEN)
    impossible = now + timedelta(seconds=2 * settings.LEASE_S)
    is_free = Q(lease_until=None) | Q(lease_until__lt=now) | Q(lease_until__gt=impossible)
    is_time = Q(not_before=None) | Q(not_before__lte=now)
    return is_open & is_free & is_time


def give_back(lease: Lease, *, not_before: datetime | None = None) -> None:
    """Let another worker go on, at once or from `not_before` on. The slots stay with the job.

    The fence grows, so that a heartbeat that is late does not take the lease back.
    """
    lease.rows().update(
        owner="", lease_until=None, not_before=not_before, fence=F("fence") + 1, version=F("version") + 1
    )


def rest(lease: Lease, until: datetime, wishes: Q) -> None:
    """Let go of the job and of its slots until `until`. It is due at once if its row is not as `wishes` says any more,
    or if it was cancelled: whoever asked for that found the lease taken, and woke nobody."""
    is_as_seen = wishes & Q(cancel_requested=False)
    not_before = Case(When(is_as_seen, then=Value(until)), default=Value(None), output_field=DateTimeField())
    with transaction.atomic():
        given = lease.rows().update(
            owner="", lease_until=None, not_before=not_before, fence=F("fence") + 1, version=F("version") + 1
        )
        if given:
            HostSlot.objects.filter(job_id=lease.job_pk).delete()


def _take_slots(job: MigrationJob) -> bool:
    """A job that was cancelled before it began, or while it held, needs no room on its hosts for the way back."""
    if job.slots.exists() or job.cancel_requested:
        return True
    hosts = {host.pk: host for host in Host.objects.select_for_update().filter(pk__in=_ends(job)).order_by("pk")}
    for pk, direction in ((job.source_id, HostSlot.Direction.OUT), (job.target_id, HostSlot.Direction.IN)):
        if pk is not None and not _has_room(hosts[pk], direction):
            _say_waiting(job, hosts[pk], direction)
            return False
    for pk, direction in ((job.source_id, HostSlot.Direction.OUT), (job.target_id, HostSlot.Direction.IN)):
        if pk is not None:
            HostSlot.objects.create(job=job, host_id=pk, direction=direction)
    return True


def _ends(job: MigrationJob) -> Iterable[int]:
    return [pk for pk in (job.source_id, job.target_id) if pk is not None]


def _has_room(host: Host, direction: HostSlot.Direction) -> bool:
    limit = host.max_moves_in if direction == HostSlot.Direction.IN else host.max_moves_out
    taken = HostSlot.objects.filter(host=host, direction=direction, job__status__in=MigrationJob.OPEN)
    return taken.count() < limit


def _say_waiting(job: MigrationJob, host: Host, direction: HostSlot.Direction) -> None:
    limit = host.max_moves_in if direction == HostSlot.Direction.IN else host.max_moves_out
    phase = f"Waiting: {host.name} has {limit} moves {direction.value} already"
    if job.phase != phase:
        MigrationJob.objects.filter(pk=job.pk).update(phase=phase)
        add_event(job.pk, phase + ".")


def _lease_end() -> datetime:
    return timezone.now() + timedelta(seconds=settings.LEASE_S)


class Heartbeat:
    """Keeps the lease while a worker works, and brings back what was asked of the job meanwhile."""

    def __init__(self, lease: Lease, *, cancel_requested: bool = False) -> None:
        self._lease = lease
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease-{lease.job_pk}", daemon=True)
        self._extended_at = time.monotonic()
        self._is_taken = False
        self.cancel_requested = cancel_requested

    @property
    def is_lost(self) -> bool:
        """Another worker has the job, or may have it by now."""
        return self._is_taken or time.monotonic() - self._extended_at > settings.LEASE_S

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join(timeout=settings.LEASE_S)

    def _beat(self) -> None:
        try:
            while not self._end.wait(HEARTBEAT_S):
                self._extend()
        finally:
            connection.close()

    def _extend(self) -> None:
        began = time.monotonic()
        try:
            close_old_connections()
            self._is_taken = not self._lease.rows().update(lease_until=_lease_end())
            self.cancel_requested = self._lease.rows().filter(cancel_requested=True).exists()
        except DatabaseError:
            # The database is busy or away: the lease runs on, and is lost by itself if this goes on.
            return
        except InterfaceError:
            connection.close()
            return
        self._extended_at = began
