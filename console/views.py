"""The page to begin with, and the pages of virtual machines."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from console.tree import hosts_of
from console.vm_rows import Question, find_rows, place_name, with_jobs
from hosts.access import Action, Rights, Role, administrators, can, needs, rights_of
from hosts.addresses import is_key
from hosts.models import VirtualMachine
from hosts.vm_status import STATUSES
from migrations_app.people import JOB_PLACES
from migrations_app.verbs import verbs_of

_FIRST_PAGES = {Role.MANAGER: "host-list", Role.HELP_DESK: "job-list"}
_NAMED_ADMINISTRATORS = 5


@require_GET
@needs(Action.KEEP_ACCOUNT)
def start(request: HttpRequest) -> HttpResponse:
    """Where a role's work begins; who may do nothing yet is told whom to ask."""
    if rights_of(request.user).has_temporary_password:
        return redirect("own-password")
    if not (decision := can(request.user, Action.SEE_JOBS)):
        context = {"why_not": decision.why_not, "administrators": administrators()[:_NAMED_ADMINISTRATORS]}
        return render(request, "console/no_role.html", context)
    role = rights_of(request.user).role
    return redirect(_FIRST_PAGES.get(role, "vm-list") if role else "vm-list")


@require_GET
@needs(Action.SEE_VMS)
def vm_list(request: HttpRequest) -> HttpResponse:
    question, rights = Question.of(request.GET), rights_of(request.user)
    page = find_rows(question, rights)
    picked = _picked(request)
    return render(
        request,
        "console/vm_list.html",
        {
            "question": question,
            "statuses": STATUSES,
            "place": place_name(question, rights),
            "page": page,
            "rows": with_jobs(page),
            "picked": picked,
            "verbs": verbs_of(picked, request.user) if picked else [],
            "why_not_act": can(request.user, Action.MIGRATE).why_not,
        },
    )


@require_GET
@needs(Action.SEE_VM, VirtualMachine)
def vm_page(request: HttpRequest, pk: int) -> HttpResponse:
    vm = get_object_or_404(_whole_vms(), pk=pk)
    context = {"vm": vm, "verbs": verbs_of(vm, request.user), **_jobs_of(vm, rights_of(request.user))}
    return render(request, "console/vm_page.html", context)


@require_GET
@needs(Action.SEE_VM, VirtualMachine)
def vm_picked(request: HttpRequest, pk: int) -> HttpResponse:
    """What the list shows of a row that was just selected: its details, and the actions."""
    vm = get_object_or_404(_whole_vms(), pk=pk)
    return render(request, "console/_vm_picked.html", {"picked": vm, "verbs": verbs_of(vm, request.user)})


@require_GET
@needs(Action.SEE_HOSTS)
def tree_hosts(request: HttpRequest, pk: int) -> HttpResponse:
    """The hosts of a group that was just opened in the tree; ?in= is the workspace."""
    branch = hosts_of(pk, rights_of(request.user))
    if branch is None:
        raise Http404("There is no such host group.")
    return render(request, "console/_branch_hosts.html", {"branch": branch, "current": request.GET.get("in", "")})


@require_GET
@needs(Action.SEE_VM, VirtualMachine)
def vm_menu(request: HttpRequest, pk: int) -> HttpResponse:
    """The verbs of a row, for its context menu."""
    vm = get_object_or_404(_whole_vms(), pk=pk)
    return render(request, "console/_vm_menu.html", {"vm": vm, "verbs": verbs_of(vm, request.user)})


def _picked(request: HttpRequest) -> VirtualMachine | None:
    pk = request.GET.get("selected", "")
    vm: VirtualMachine | None = _whole_vms().filter(pk=pk).first() if is_key(pk) else None
    return vm if vm is not None and can(request.user, Action.SEE_VM, vm) else None


def _whole_vms() -> Any:
    return VirtualMachine.objects.select_related("host__group").prefetch_related("disks", "adapters")


def _jobs_of(vm: VirtualMachine, rights: Rights) -> dict[str, Any]:
    jobs = list(vm.jobs.filter(rights.where(*JOB_PLACES)).select_related("created_by").defer("plan")[:20])
    return {"jobs": jobs, "job": jobs[0] if jobs else None}
