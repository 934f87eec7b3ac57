"""What stays of a job: what it changed, and its log to download."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from hosts.access import Action, needs
from hosts.csv_file import csv_file
from migrations_app.changes import changes_of
from migrations_app.models import MigrationJob


@require_GET
@needs(Action.SEE_JOBS, MigrationJob)
def job_changes(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(MigrationJob.objects.select_related("vm", "source", "target"), pk=pk)
    return render(request, "migrations_app/job_changes.html", {"job": job, "changes": changes_of(job)})


@require_GET
@needs(Action.SEE_JOBS, MigrationJob)
def job_log(_request: HttpRequest, pk: int) -> HttpResponse:
    """Every event of the log, its moment with the zone."""
    job = get_object_or_404(MigrationJob.objects.only("pk"), pk=pk)
    rows = (
        [event.number, event.at.isoformat(timespec="milliseconds"), "failure" if event.is_failure else "", event.text]
        for event in job.events.all()
    )
    return csv_file(f"job-{job.pk}-log.csv", ["Number", "Time", "Kind", "Text"], rows)
