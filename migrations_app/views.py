"""The list of jobs and the page of a job."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from hosts.access import Action, can, needs, rights_of
from migrations_app.forms import LimitForm, WindowForm
from migrations_app.frames import event_lines, job_context
from migrations_app.jobs import why_not_change_limit
from migrations_app.models import MigrationJob
from migrations_app.people import jobs_seen_with
from migrations_app.schedule import Schedule

PAGE_SIZE = 100
SHOWN = {"all": "All", "running": "Running", "failed": "Failed", "mine": "Mine"}


@require_GET
@needs(Action.SEE_JOBS)
def job_list(request: HttpRequest) -> HttpResponse:
    shown = request.GET.get("show", "all")
    text = request.GET.get("q", "").strip()
    jobs = _mentioning(_chosen(request, shown), text).select_related("created_by", "vm").defer("plan")
    page = Paginator(jobs, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "choices": SHOWN, "shown": shown if shown in SHOWN else "all", "text": text}
    return render(request, "migrations_app/job_list.html", context)


@require_GET
@needs(Action.SEE_JOBS, MigrationJob)
def job_page(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(MigrationJob.objects.select_related("vm", "source", "target", "created_by"), pk=pk)
    why_not_act = can(request.user, Action.CHANGE_JOB, job).why_not
    context = {**job_context(job, why_not_act), "lines": event_lines(job.pk)}
    if job.holds and job.is_open:
        context["window_form"] = WindowForm(initial={"opens_at": job.cut_over_from, "closes_at": job.cut_over_until})
    context["schedule"] = Schedule.of(job)
    context |= {
        "limit_form": LimitForm(initial={"limit": job.limit_bytes_per_s}),
        "why_not_limit": why_not_act or why_not_change_limit(job),
    }
    return render(request, "migrations_app/job_page.html", context)


def _chosen(request: HttpRequest, shown: str) -> QuerySet[MigrationJob]:
    jobs = jobs_seen_with(rights_of(request.user))
    if shown == "running":
        return jobs.filter(status__in=MigrationJob.OPEN)
    if shown == "failed":
        return jobs.filter(status=MigrationJob.Status.FAILED)
    return jobs.filter(created_by_id=request.user.pk) if shown == "mine" else jobs


def _mentioning(jobs: QuerySet[MigrationJob], text: str) -> QuerySet[MigrationJob]:
    for word in text.split():
        names = Q(vm_name__icontains=word) | Q(source_name__icontains=word) | Q(target_name__icontains=word)
        jobs = jobs.filter(names | Q(created_by__username__icontains=word))
    return jobs
