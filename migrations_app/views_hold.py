"""What a person can do with a job that holds: cut over now, or choose another window."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from hosts.access import changes_something
from migrations_app.forms import WindowForm
from migrations_app.holds import change_window, cut_over_now
from migrations_app.jobs import JobRefused
from migrations_app.models import MigrationJob
from migrations_app.people import user_of


@require_POST
@changes_something
def job_cut_over(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(MigrationJob, pk=pk)
    try:
        cut_over_now(job, user_of(request))
    except JobRefused as refused:
        messages.warning(request, str(refused), extra_tags="warn")
    return redirect("job-page", pk=pk)


@require_POST
@changes_something
def job_window(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(MigrationJob, pk=pk)
    form = WindowForm(request.POST)
    if not form.is_valid():
        return _back(request, pk, form.why_not)
    try:
        change_window(job, form.cleaned_data["opens_at"], form.cleaned_data["closes_at"], user_of(request))
    except JobRefused as refused:
        return _back(request, pk, str(refused))
    return redirect("job-page", pk=pk)


def _back(request: HttpRequest, pk: int, why_not: str) -> HttpResponse:
    messages.warning(request, f"The window was not changed. {why_not}", extra_tags="warn")
    return redirect("job-page", pk=pk)
