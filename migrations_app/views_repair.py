"""The page on which a person chooses what to do about a move that failed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from hosts.access import Action, needs
from migrations_app.jobs import JobRefused
from migrations_app.models import MigrationJob
from migrations_app.people import user_of
from migrations_app.repairs import Choice, choices, repair_job


@require_http_methods(["GET", "POST"])
@needs(Action.REPAIR_JOB, MigrationJob)
def repair(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(MigrationJob.objects.select_related("vm", "source", "target"), pk=pk)
    offered = choices(job)
    if request.method == "GET":
        return _page(request, job, offered)
    chosen = next((each for each in offered if each.repair == request.POST.get("repair")), None)
    if chosen is None:
        return _page(request, job, offered, "Choose what to do.")
    if chosen.oath and request.POST.get(f"oath-{chosen.repair}") != "yes":
        return _page(request, job, offered, f"{chosen.title}: confirm first that this is so: {chosen.oath}")
    try:
        repair_job(job, chosen.repair, user_of(request))
    except JobRefused as refused:
        messages.warning(request, str(refused), extra_tags="warn")
    return redirect("job-page", pk=pk)


def _page(request: HttpRequest, job: MigrationJob, offered: list[Choice], problem: str = "") -> HttpResponse:
    first = next((each.repair for each in offered if not each.why_not), None)
    context = {
        "job": job,
        "choices": offered,
        "chosen": request.POST.get("repair") or first,
        "is_possible": first is not None,
        "problem": problem,
    }
    return render(request, "migrations_app/job_repair.html", context, status=422 if problem else 200)
