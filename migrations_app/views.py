"""The list of jobs and the page of a job."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from hosts.access import Action, can, needs, rights_of
from hosts.models import Host
from migrations_app.forms import LimitForm, WindowForm
from migrations_app.frames import event_lines, job_context
from migrations_app.job_rows import SHOWN, Question, find_jobs
from migrations_app.jobs import why_not_change_limit
from migrations_app.models import MigrationJob
from migrations_app.schedule import Schedule

PAGE_SIZE = 100


@require_GET
@needs(Action.SEE_JOBS)
def job_list(request: HttpRequest) -> HttpResponse:
    question, rights = Question.of(request.GET), rights_of(request.user)
    page = Paginator(find_jobs(question, rights, request.user.pk), PAGE_SIZE).get_page(request.GET.get("page"))
    hosts = Host.objects.filter(rights.where("group")).values_list("name", flat=True)
    context = {"page": page, "choices": SHOWN, "shown": question.shown, "question": question, "host_names": hosts}
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
