"""The workers of a test: they work on a job when the test says so."""

from __future__ import annotations

import time
from datetime import timedelta

from django.utils import timezone

from migrations_app.engine.runner import run_job
from migrations_app.models import MigrationJob

WITHIN_S = 60.0


class Workers:
    def run(self, job: MigrationJob) -> MigrationJob:
        """Work on the job as workers do, again and again, until it has ended."""
        deadline = time.monotonic() + WITHIN_S
        while True:
            run_job(job.pk, "test")
            job.refresh_from_db()
            if not job.is_open or time.monotonic() > deadline:
                return job
            MigrationJob.objects.filter(pk=job.pk).update(not_before=None)

    def run_once(self, job: MigrationJob) -> MigrationJob:
        run_job(job.pk, "test")
        job.refresh_from_db()
        return job

    def expire_lease(self, job: MigrationJob) -> None:
        MigrationJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
