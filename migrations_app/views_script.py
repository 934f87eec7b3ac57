"""The script of a move, to be read, copied and downloaded: from the wizard before it, and from its job afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from hosts.access import Action, needs
from hosts.models import VirtualMachine
from migrations_app.answers import Answers
from migrations_app.engine.plan import Plan
from migrations_app.models import MigrationJob
from migrations_app.plans import make_plan
from migrations_app.schedule import Schedule
from migrations_app.script import Surroundings, as_file, file_name, script_for, surroundings, why_no_script
from migrations_app.views_wizard import answers_of, back_to_wrong_page, page_address, page_context

# Where a reader may want to go: what it is called, and how its first line begins.
_PLACES = {
    "Parameters": "param(",
    "Course": "# The course of the move",
    "Steps": "function Step-",
    "On the hosts": "# What runs on the hosts",
}


@dataclass(frozen=True, slots=True)
class Line:
    """`place`: of _PLACES, on its first line."""

    number: int
    text: str
    is_comment: bool
    place: str = ""


@require_GET
@needs(Action.SEE_RATINGS, VirtualMachine)
def wizard_script(request: HttpRequest, pk: int) -> HttpResponse:
    answers = answers_of(request, pk)
    if back := _back(answers):
        return back
    context = page_context("migrate-summary", answers) | _shown(*_of_answers(answers))
    return render(request, "migrations_app/migrate_script.html", context)


@require_GET
@needs(Action.SEE_RATINGS, VirtualMachine)
def wizard_script_file(request: HttpRequest, pk: int) -> HttpResponse:
    answers = answers_of(request, pk)
    return _back(answers) or _download(*_of_answers(answers))


@require_GET
@needs(Action.SEE_JOBS, MigrationJob)
def job_script(request: HttpRequest, pk: int) -> HttpResponse:
    job = _job(pk)
    return render(request, "migrations_app/job_script.html", {"job": job, **_shown(*_of_job(job))})


@require_GET
@needs(Action.SEE_JOBS, MigrationJob)
def job_script_file(_request: HttpRequest, pk: int) -> HttpResponse:
    return _download(*_of_job(_job(pk)))


def _job(pk: int) -> MigrationJob:
    return get_object_or_404(MigrationJob.objects.select_related("vm", "source", "target"), pk=pk)


def _back(answers: Answers) -> HttpResponse | None:
    """To the page that has to be mended first, or that a plan needs: see views_wizard."""
    if back := back_to_wrong_page(answers, "migrate-host", "migrate-path", "migrate-networks"):
        return back
    return redirect(page_address("migrate-summary", answers)) if answers.choices() is None else None


def _of_answers(answers: Answers) -> tuple[Plan, Surroundings, str]:
    """The plan, what a script needs beside it, and why there is none."""
    choices = answers.choices()
    assert choices is not None
    source, target = answers.vm.host, choices.target
    around = surroundings(source, target, answers.schedule_form.schedule)
    plan = make_plan(choices)
    return plan, around, why_no_script(plan, source.kind, target.kind)


def _of_job(job: MigrationJob) -> tuple[Plan, Surroundings, str]:
    """The same for a job; a host that was removed from Ferry is called as the plan calls it."""
    plan = Plan.from_json(job.plan)
    why_not = why_no_script(plan, *(host.kind for host in (job.source, job.target) if host is not None))
    if job.source is None or job.target is None:
        around = Surroundings(plan.source_name, plan.target_name, job.holds, job.cut_over_from, job.cut_over_until)
        return plan, around, why_not
    return plan, surroundings(job.source, job.target, Schedule.of(job)), why_not


def _shown(plan: Plan, around: Surroundings, why_not: str) -> dict[str, Any]:
    lines = [] if why_not else list(_lines(script_for(plan, around)))
    places = [line for line in lines if line.place]
    return {"why_no_script": why_not, "lines": lines, "places": places, "file_name": file_name(plan)}


def _lines(script: str) -> Iterator[Line]:
    """With the block of help at the beginning as one comment."""
    ahead, is_help = dict(_PLACES), True
    for number, text in enumerate(script.splitlines(), 1):
        place = next((name for name, begin in ahead.items() if text.startswith(begin)), "")
        ahead.pop(place, None)
        yield Line(number, text, is_help or text.lstrip().startswith("#"), place)
        is_help = is_help and text != "#>"


def _download(plan: Plan, around: Surroundings, why_not: str) -> HttpResponse:
    if why_not:
        raise Http404(why_not)
    response = HttpResponse(as_file(script_for(plan, around)), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{file_name(plan)}"'
    return response
