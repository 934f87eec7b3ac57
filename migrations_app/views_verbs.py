"""What a person can do on the page of a job: each is a POST that leads back there, with the reason when refused."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from hosts.access import Action, needs
from migrations_app.forms import LimitForm, WindowForm
from migrations_app.holds import change_window, cut_over_now
from migrations_app.jobs import JobRefused, cancel_job, change_limit, retry_job, set_priority
from migrations_app.models import MigrationJob
from migrations_app.people import user_of


@require_POST
@needs(Action.CHANGE_JOB, MigrationJob)
def job_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, cancel_job)


@require_POST
@needs(Action.CHANGE_JOB, MigrationJob)
def job_retry(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, retry_job)


@require_POST
@needs(Action.CHANGE_JOB, MigrationJob)
def job_cut_over(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, cut_over_now)


@require_POST
@needs(Action.CHANGE_JOB, MigrationJob)
def job_priority(request: HttpRequest, pk: int) -> HttpResponse:
    asked = request.POST.get("priority", "")
    if asked not in map(str, MigrationJob.Priority.values):
        raise BadRequest("Give a priority: -1, 0 or 1.")
    return _do(request, pk, lambda job, user: set_priority(job, int(asked), user))


@require_POST
@needs(Action.CHANGE_JOB, MigrationJob)
def job_limit(request: HttpRequest, pk: int) -> HttpResponse:
    form = LimitForm(request.POST)
    if not form.is_valid():
        return _refuse(request, pk, f"Nothing was changed. {form.errors['limit'][0]}")
    return _do(request, pk, lambda job, user: change_limit(job, form.cleaned_data["limit"], user))


@require_POST
@needs(Action.CHANGE_JOB, MigrationJob)
def job_window(request: HttpRequest, pk: int) -> HttpResponse:
    form, unchanged = WindowForm(request.POST), "The window was not changed. "
    if not form.is_valid():
        return _refuse(request, pk, unchanged + form.why_not)
    window = form.cleaned_data["opens_at"], form.cleaned_data["closes_at"]
    return _do(request, pk, lambda job, user: change_window(job, *window, user), unchanged)


def _do(
    request: HttpRequest, pk: int, verb: Callable[[MigrationJob, User | None], None], before_reason: str = ""
) -> HttpResponse:
    job = get_object_or_404(MigrationJob, pk=pk)
    try:
        verb(job, user_of(request))
    except JobRefused as refused:
        return _refuse(request, pk, f"{before_reason}{refused}")
    return redirect("job-page", pk=pk)


def _refuse(request: HttpRequest, pk: int, reason: str) -> HttpResponse:
    messages.warning(request, reason, extra_tags="warn")
    return redirect("job-page", pk=pk)
