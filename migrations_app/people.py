"""Who asks, and which jobs and plans he sees."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from hosts.access import Rights
from migrations_app.models import BatchEntry, MigrationJob, MoveBatch

# The host groups at both ends of a job.
JOB_PLACES = ("source__group", "target__group")


def user_of(request: HttpRequest) -> User | None:
    """The signed-in user, whose name stands in the job's log; None for nobody."""
    return request.user if isinstance(request.user, User) else None


def jobs_seen_with(rights: Rights) -> QuerySet[MigrationJob]:
    """Those that begin or end in the user's host groups."""
    return MigrationJob.objects.filter(rights.where(*JOB_PLACES))


def plans_seen_with(rights: Rights) -> QuerySet[MoveBatch]:
    """Plans that were not discarded, with a move that begins or ends in the user's host groups."""
    plans = MoveBatch.objects.filter(discarded_at=None)
    if rights.groups is None:
        return plans
    inside = BatchEntry.objects.filter(rights.where("vm__host__group", "target__group"), batch=OuterRef("pk"))
    return plans.filter(Q(Exists(inside)) | rights.where("host__group"))
