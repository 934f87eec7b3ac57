"""Signing in, and the pages of virtual machines."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET

from console.vm_rows import Question, find_rows, place_name, with_jobs
from hosts.access import why_not_act
from hosts.models import VirtualMachine
from migrations_app.verbs import verbs_of


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    template_name = "console/sign_in.html"
    redirect_authenticated_user = True


@require_GET
def vm_list(request: HttpRequest) -> HttpResponse:
    question = Question.of(request.GET)
    page = find_rows(question)
    picked = _picked(request.GET.get("selected", ""))
    return render(
        request,
        "console/vm_list.html",
        {
            "question": question,
            "place": place_name(question),
            "page": page,
            "rows": with_jobs(page),
            "picked": picked,
            "verbs": verbs_of(picked) if picked else [],
            "why_not_act": why_not_act(request),
        },
    )


@require_GET
def vm_page(request: HttpRequest, pk: int) -> HttpResponse:
    vm = get_object_or_404(_whole_vms(), pk=pk)
    return render(request, "console/vm_page.html", {"vm": vm, "verbs": verbs_of(vm), **_jobs_of(vm)})


@require_GET
def vm_menu(request: HttpRequest, pk: int) -> HttpResponse:
    """The verbs of a row, for its context menu."""
    vm = get_object_or_404(_whole_vms(), pk=pk)
    return render(request, "console/_vm_menu.html", {"vm": vm, "verbs": verbs_of(vm)})


def _picked(pk: str) -> VirtualMachine | None:
    return _whole_vms().filter(pk=pk).first() if pk.isdecimal() else None


def _whole_vms() -> Any:
    return VirtualMachine.objects.select_related("host__group").prefetch_related("disks", "adapters")


def _jobs_of(vm: VirtualMachine) -> dict[str, Any]:
    jobs = list(vm.jobs.select_related("created_by").defer("plan")[:20])
    return {"jobs": jobs, "job": jobs[0] if jobs else None}
