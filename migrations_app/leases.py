"""Who works on a job: one worker at a time, by a fenced lease, with a slot on each of its two hosts."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, transaction
from django.db.models import Case, DateTimeField, F, Q, QuerySet, Value, When
from django.utils import timezone

from hosts.models import Host
from migrations_app.models import HostSlot, MigrationJob
from migrations_app.waiting import due, places_of, read_queue, tell_turns

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
    """The lease with both slots, in one transaction; None when the job is not due, busy, or not at its turn."""
    with transaction.atomic():
        now = timezone.now()
        job = MigrationJob.objects.select_for_update().filter(due(now), pk=job_pk).first()
        if job is None or not _take_slots(job, now):
            return None
        was_left = bool(job.owner)
        job.fence += 1
        job.owner = owner
        job.lease_until = _lease_end()
        job.save(update_fields=["fence", "owner", "lease_until"])
        return Lease(job.pk, job.fence, was_left)


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


def _take_slots(job: MigrationJob, now: datetime) -> bool:
    """Both places, if it is the job's turn; otherwise its row says what it waits for. A job that was cancelled before
    it began, or while it held, needs no place on its hosts for the way back."""
    if job.slots.exists() or job.cancel_requested:
        return True
    places = places_of(job)
    list(Host.objects.select_for_update().filter(pk__in=[pk for pk, _ in places]).order_by("pk").values_list("pk"))
    queue = read_queue(now)
    if queue.turns[job.pk].place is not None:
        tell_turns(queue, [job.pk])
        return False
    HostSlot.objects.bulk_create(HostSlot(job=job, host_id=pk, direction=direction) for pk, direction in places)
    return True


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
