"""How fast a job copies, over its time: a bounded number of points, written beside the job's other progress."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from migrations_app.models import RateCurve

EVERY_S = 2.0
MOST_POINTS = 240

Point = tuple[float, int]  # seconds since 1970, bytes that the job had copied by then


class RateRecord:
    """One worker's hold of the curve. The last point moves along until it is `every_s` past the one before."""

    def __init__(self, job_pk: int, clock: Callable[[], datetime] = timezone.now) -> None:
        self._job_pk = job_pk
        self._clock = clock
        self._curve: RateCurve | None = None

    def note(self, bytes_done: int) -> None:
        """Where the job is now; written when that makes a new point."""
        if self._add(bytes_done):
            self._read().save()

    def keep(self, bytes_done: int) -> None:
        """The same at the begin and at the end of something: written in any case, as nothing may follow for long."""
        self._add(bytes_done)
        self._read().save()

    def _read(self) -> RateCurve:
        """What the worker before us left."""
        if self._curve is None:
            self._curve, _ = RateCurve.objects.get_or_create(job_id=self._job_pk, defaults={"every_s": EVERY_S})
        return self._curve

    def _add(self, bytes_done: int) -> bool:
        """True for a point more, False when the last one was moved."""
        curve, at = self._read(), round(self._clock().timestamp(), 2)
        is_more = not _may_move(curve.points, at, curve.every_s)
        curve.points = [*(curve.points if is_more else curve.points[:-1]), (at, bytes_done)]
        if len(curve.points) > MOST_POINTS:
            curve.points, curve.every_s = thinned(curve.points), curve.every_s * 2
        return is_more


def thinned(points: list[Point]) -> list[Point]:
    """Every second point, and the last."""
    return [*points[:-1:2], points[-1]]


def _may_move(points: list[Point], at: float, every_s: float) -> bool:
    """Not over a time in which nothing was noted: what was copied before it would seem to have taken as long."""
    if points and at <= points[-1][0]:
        return True
    if len(points) < 2:
        return False
    before = points[-2][0]
    return points[-1][0] - before < every_s and at - before <= 2 * every_s
