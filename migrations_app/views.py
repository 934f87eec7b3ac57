"""The list of jobs and the page of a job."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from hosts.access import why_not_act
from migrations_app.forms import LimitForm, WindowForm
from migrations_app.frames import event_lines, job_context
from migrations_app.jobs import (
    why_not_change_limit,
)
from migrations_app.models import MigrationJob
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
