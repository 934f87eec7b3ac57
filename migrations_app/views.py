"""The list of jobs, the page of a job, and its verbs."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from hosts.access import changes_something, why_not_act
from migrations_app.forms import LimitForm, WindowForm
from migrations_app.frames import event_lines, job_context
from migrations_app.jobs import (
    JobRefused,
    cancel_job,
    change_limit,
    retry_job,
    set_priority,
    why_not_change_limit,
)
from migrations_app.models import MigrationJob
from migrations_app.people import user_of
from migrations_app.schedule import Schedule

PAGE_SIZE = 100
SHOWN = {"all": "All", "running": "Running", "failed": "Failed", "mine": "Mine"}


@require_GET
def job_list(request: HttpRequest) -> HttpResponse:
    shown = request.GET.get("show", "all")
    text = request.GET.get("q", "").strip()
    jobs = _mentioning(_chosen(request, shown), text).select_related("created_by", "vm").defer("plan")
    page = Paginator(jobs, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "choices": SHOWN, "shown": shown if shown in SHOWN else "all", "text": text}
    return render(request, "migrations_app/job_list.html", context)


@require_GET
def job_page(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(MigrationJob.objects.select_related("vm", "source", "target", "created_by"), pk=pk)
    context = {**job_context(job), "lines": event_lines(job.pk), "why_not_act": why_not_act(request)}
    if job.holds and job.is_open:
        context["window_form"] = WindowForm(initial={"opens_at": job.cut_over_from, "closes_at": job.cut_over_until})
    context["schedule"] = Schedule.of(job)
    context |= {
        "limit_form": LimitForm(initial={"limit": job.limit_bytes_per_s}),
        "why_not_limit": why_not_act(request) or why_not_change_limit(job),
    }
    return render(request, "migrations_app/job_page.html", context)


@require_POST
@changes_something
def job_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(MigrationJob, pk=pk)
    try:
        cancel_job(job, user_of(request))
    except JobRefused as refused:
        messages.warning(request, str(refused), extra_tags="warn")
    return redirect("job-page", pk=pk)


@require_POST
@changes_something
def job_priority(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(MigrationJob, pk=pk)
    asked = request.POST.get("priority", "")
    if asked not in map(str, MigrationJob.Priority.values):
        raise BadRequest("Give a priority: -1, 0 or 1.")
    try:
        set_priority(job, int(asked), user_of(request))
    except JobRefused as refused:
        messages.warning(request, str(refused), extra_tags="warn")
    return redirect("job-page", pk=pk)


@require_POST
@changes_something
def job_limit(request: HttpRequest, pk: int) -> HttpResponse:
    job, form = get_object_or_404(MigrationJob, pk=pk), LimitForm(request.POST)
    try:
        if form.is_valid():
            change_limit(job, form.cleaned_data["limit"], user_of(request))
        else:
            messages.warning(request, f"Nothing was changed. {form.errors['limit'][0]}", extra_tags="warn")
    except JobRefused as refused:
        messages.warning(request, str(refused), extra_tags="warn")
    return redirect("job-page", pk=pk)


@require_POST
@changes_something
def job_retry(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(MigrationJob, pk=pk)
    try:
        retry_job(job, user_of(request))
    except JobRefused as refused:
        messages.warning(request, str(refused), extra_tags="warn")
    return redirect("job-page", pk=pk)


def _chosen(request: HttpRequest, shown: str) -> QuerySet[MigrationJob]:
    if shown == "running":
        return MigrationJob.objects.filter(status__in=MigrationJob.OPEN)
    if shown == "failed":
        return MigrationJob.objects.filter(status=MigrationJob.Status.FAILED)
    if shown == "mine":
        return MigrationJob.objects.filter(created_by_id=request.user.pk)
    return MigrationJob.objects.all()


def _mentioning(jobs: QuerySet[MigrationJob], text: str) -> QuerySet[MigrationJob]:
    for word in text.split():
        names = Q(vm_name__icontains=word) | Q(source_name__icontains=word) | Q(target_name__icontains=word)
        jobs = jobs.filter(names | Q(created_by__username__icontains=word))
    return jobs
