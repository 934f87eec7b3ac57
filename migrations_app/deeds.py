"""What a person did to a job: a line of the job's log and a row of the audit log, in the transaction of the verb."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser

from hosts.audit import NOTHING, Deed, Facts, record
from migrations_app.events import add_event
from migrations_app.models import MigrationJob


def tell(
    job: MigrationJob,
    user: AbstractBaseUser | None,
    deed: Deed,
    text: str,
    before: Facts = NOTHING,
    after: Facts = NOTHING,
) -> None:
    """`text` goes on after the user's name; without a user Ferry did it."""
    add_event(job.pk, f"{user.get_username() if user else 'Ferry'} {text}")
    record(deed, f"Job {job.pk}: {job.name}", before, after, by=user)
