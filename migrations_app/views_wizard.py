"""The Migrate wizard. Each page is a GET form to the next; only Move is a POST, so that Cancel leaves no trace."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from hosts.access import Action, allow, can, needs
from hosts.favourites import remember_path
from hosts.models import VirtualMachine
from migrations_app.answers import Answers
from migrations_app.checks import check_choices, errors
from migrations_app.folder_browser import browser_of
from migrations_app.jobs import JobRefused, start_job
from migrations_app.pages import network_rows, problems_of, stages, stops
from migrations_app.people import user_of
from migrations_app.plans import can_stream, make_plan, vm_folder
from migrations_app.rooms import rooms
from migrations_app.schedule_form import ScheduleForm
from migrations_app.transfer_types import why_not_live


@require_GET
@needs(Action.SEE_RATINGS, VirtualMachine)
def warning(request: HttpRequest, pk: int) -> HttpResponse:
    """What a migration means for the VM, before a host is chosen; only the way of the transfer may be."""
    chosen = QueryDict(mutable=True)
    if "transfer" in request.GET:
        chosen["transfer"] = request.GET["transfer"]
    answers = Answers(whole_vm(pk), chosen)
    return _page(
        request,
        "migrate",
        answers,
        forecast=answers.forecast,
        is_choice=not why_not_live(answers.vm),
        streams=can_stream(answers.vm.host, answers.vm.host),
        carried=answers.carried("transfer"),
    )


@require_GET
@needs(Action.SEE_RATINGS, VirtualMachine)
def select_path(request: HttpRequest, pk: int) -> HttpResponse:
    answers = answers_of(request, pk)
    if back := back_to_wrong_page(answers, "migrate-host"):
        return back
    disks = [(place, disk, answers.disk_folders.get(disk.location, "")) for place, disk in enumerate(answers.disks)]
    return _page(
        request,
        "migrate-path",
        answers,
        rooms=rooms(answers),
        disks=disks,
        problems=problems_of("migrate-path", answers),
        browser=browser_of(answers, answers.target) if answers.target else None,
        why_not_act=can(request.user, Action.MIGRATE, answers.vm).why_not,
        carried=answers.carried("folder", "disk-", "remember", "on"),
    )


@require_GET
@needs(Action.SEE_RATINGS, VirtualMachine)
def select_networks(request: HttpRequest, pk: int) -> HttpResponse:
    answers = answers_of(request, pk)
    if back := back_to_wrong_page(answers, "migrate-host", "migrate-path"):
        return back
    return _page(
        request,
        "migrate-networks",
        answers,
        rows=network_rows(answers),
        problems=problems_of("migrate-networks", answers) if answers.has_networks else [],
        carried=answers.carried("net-", "on"),
    )


@require_GET
@needs(Action.SEE_RATINGS, VirtualMachine)
def summary(request: HttpRequest, pk: int) -> HttpResponse:
    answers = answers_of(request, pk)
    if back := back_to_wrong_page(answers, "migrate-host", "migrate-path", "migrate-networks"):
        return back
    return _summary(request, answers)


@require_POST
@needs(Action.MIGRATE, VirtualMachine)
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Order the move; or, with another button, show the summary or the script with the options that were entered."""
    answers = answers_of(request, pk)
    if answers.target is None:
        return redirect(page_address("migrate-host", answers))
    choices = answers.choices()
    if "move" not in request.POST or choices is None:
        page = "migrate-script" if "script" in request.POST else "migrate-summary"
        return redirect(page_address(page, answers))
    try:
        job = start_job(make_plan(choices), user_of(request), answers.rating_options, answers.schedule_form.schedule)
    except JobRefused as refused:
        return _summary(request, answers, refused=str(refused))
    if answers.remembers_folder:
        remember_path(choices.target, answers.folder, user_of(request))
    return redirect("job-page", pk=job.pk)


def answers_of(request: HttpRequest, pk: int) -> Answers:
    """What was chosen so far. Raises PermissionDenied for a target that the person may not see, or not move to."""
    is_order = request.method == "POST"
    answers = Answers(whole_vm(pk), request.POST if is_order else request.GET)
    if answers.target is not None:
        allow(request.user, Action.MIGRATE if is_order else Action.SEE_RATINGS, answers.target)
    return answers


def page_context(page: str, answers: Answers) -> dict[str, Any]:
    """What every page of the wizard shows."""
    return {
        "vm": answers.vm,
        "answers": answers,
        "query": urlencode(answers.carried()),
        "stages": stages(page),
        "stops": stops(answers),
    }


def template_of(page: str) -> str:
    return f"migrations_app/{page.replace('-', '_')}.html"


def _summary(request: HttpRequest, answers: Answers, refused: str = "") -> HttpResponse:
    choices = answers.choices()
    findings = check_choices(choices) if choices else []
    return _page(
        request,
        "migrate-summary",
        answers,
        status=409 if refused else 200,
        refused=refused,
        findings=findings,
        can_move=choices is not None and not errors(findings),
        why_not_act=can(request.user, Action.MIGRATE, answers.vm).why_not,
        forecast=answers.forecast,
        vm_folder=vm_folder(choices) if choices else answers.folder,
        rows=network_rows(answers),
        carried=answers.carried("keep", "limit", "rounds", "saved", *ScheduleForm.base_fields),
        schedule=answers.schedule_form.schedule if answers.schedule_form.is_valid() else None,
    )


def _page(request: HttpRequest, page: str, answers: Answers, *, status: int = 200, **context: Any) -> HttpResponse:
    return render(request, template_of(page), {**page_context(page, answers), **context}, status=status)


def back_to_wrong_page(answers: Answers, *pages: str) -> HttpResponse | None:
    """To the first of these pages with a wrong answer, which shows what is wrong; None when all are right."""
    for page in pages:
        if problems_of(page, answers):
            return redirect(page_address(page, answers))
    return None


def page_address(page: str, answers: Answers) -> str:
    state = answers.carried()
    if page == "migrate-host" and not answers.has_target:
        state.append(("target", ""))
    return f"{reverse(page, args=[answers.vm.pk])}?{urlencode(state)}"


def whole_vm(pk: int) -> VirtualMachine:
    whole = VirtualMachine.objects.select_related("host__group").prefetch_related("disks", "adapters")
    return get_object_or_404(whole, pk=pk)
