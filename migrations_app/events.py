"""The numbered, append-only log of a job. Whoever adds an event holds the job's row: no number is left out."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from migrations_app.models import JobEvent, MigrationJob
from migrations_app.notices import job_changed


def add_event(job_pk: int, text: str, *, is_failure: bool = False) -> None:
    """Append an event and tell the pages once it is committed."""
    with transaction.atomic():
        MigrationJob.objects.filter(pk=job_pk).update(last_event=F("last_event") + 1, version=F("version") + 1)
        number = MigrationJob.objects.values_list("last_event", flat=True).get(pk=job_pk)
        JobEvent.objects.create(job_id=job_pk, number=number, text=text, is_failure=is_failure)
        transaction.on_commit(lambda: job_changed(job_pk))
