"""Plans of several moves: the list, the page of one, and its verbs. Nothing here speaks to a host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hosts.access import Action, allow, can, groups_of, needs, rights_of
from hosts.addresses import is_key
from hosts.models import Host, VirtualMachine
from migrations_app.batch_progress import progress_of, progress_of_many
from migrations_app.batches import (
    BatchRefused,
    approve,
    cancel_moves,
    choose_target,
    discard,
    leave_out,
    order_moves,
    placer_without,
    plan_anew,
    plan_evacuation,
)
from migrations_app.job_rows import SHOWN
from migrations_app.models import BatchEntry, MoveBatch
from migrations_app.people import plans_seen_with, user_of
from migrations_app.schedule_form import ScheduleForm

PAGE_SIZE = 50
SHOWN_HOSTS = 200


@require_GET
@needs(Action.SEE_JOBS)
def plan_list(request: HttpRequest) -> HttpResponse:
    batches = plans_seen_with(rights_of(request.user)).select_related("created_by")
    page = Paginator(batches, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "plans": progress_of_many(list(page)), "choices": SHOWN}
    return render(request, "migrations_app/plan_list.html", context)


@require_GET
@needs(Action.SEE_JOBS, MoveBatch)
def plan_page(request: HttpRequest, pk: int) -> HttpResponse:
    """A schedule in the address was entered for the approval, before the session ended."""
    return _page(request, _batch(pk), ScheduleForm(request.GET.dict()))


@require_GET
@needs(Action.SEE_JOBS, MoveBatch)
def plan_progress(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "migrations_app/_plan_progress.html", {"progress": progress_of(_batch(pk))})


@require_POST
@needs(Action.MIGRATE, MoveBatch)
def plan_place(request: HttpRequest, pk: int) -> HttpResponse:
    """Place everything anew: each on its best host, or all on the one that was chosen."""
    target = _chosen_host(request)
    return _done(request, _to_decide(request, pk), lambda batch: plan_anew(batch, target, groups_of(user_of(request))))


@require_http_methods(["GET", "POST"])
@needs(Action.MIGRATE, MoveBatch)
def plan_target(request: HttpRequest, pk: int, position: int) -> HttpResponse:
    """GET asks where a VM of the plan goes; POST says it: a host, or nothing to leave it out."""
    batch = _to_decide(request, pk)
    entry = get_object_or_404(batch.entries.select_related("vm__host", "target"), position=position)
    if request.method == "GET":
        return _ask_target(request, batch, entry)
    target = _chosen_host(request)
    if target is None:
        return _done(request, batch, lambda it: leave_out(it, entry, user_of(request)))
    return _done(request, batch, lambda it: choose_target(it, entry, target))


@require_POST
@needs(Action.MIGRATE, MoveBatch)
def plan_approve(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _to_decide(request, pk)
    form = ScheduleForm(request.POST, progress_of(batch).longest_outage_s)
    if not form.is_valid():
        return _page(request, batch, form, status=400)
    return _done(request, batch, lambda it: approve(it, user_of(request), form.schedule))


@require_POST
@needs(Action.MIGRATE, MoveBatch)
def plan_go_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Order what an interruption left unordered."""
    return _done(request, _to_decide(request, pk), lambda batch: order_moves(batch, user_of(request)))


@require_POST
@needs(Action.MIGRATE, MoveBatch)
def plan_discard(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _to_decide(request, pk)
    try:
        discard(batch)
    except BatchRefused as refused:
        messages.warning(request, str(refused), extra_tags="warn")
        return redirect("job-plan", pk=pk)
    messages.info(request, "The plan was discarded. Nothing was moved.")
    return redirect("host-page", pk=batch.host_id) if batch.host_id else redirect("vm-list")


@require_POST
@needs(Action.CHANGE_JOB, MoveBatch)
def plan_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    only_waiting = request.POST.get("which") != "all"
    for refusal in cancel_moves(_batch(pk), user_of(request), only_waiting=only_waiting):
        messages.warning(request, refusal, extra_tags="warn")
    return redirect("job-plan", pk=pk)


@require_http_methods(["GET", "POST"])
@needs(Action.CHANGE_HOST, Host)
def evacuate(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks what shall leave the host; POST makes the plan. Maintenance mode begins when it is approved."""
    host = get_object_or_404(Host.objects.select_related("group"), pk=pk)
    if request.method == "POST":
        batch = plan_evacuation(host, user_of(request), with_stopped=request.POST.get("with_stopped") == "yes")
        return redirect("job-plan", pk=batch.pk)
    states = list(host.vms.values_list("state", flat=True))
    stopped = sum(state in ("off", "saved") for state in states)
    context = {"host": host, "stopped": stopped, "running": len(states) - stopped}
    return render(request, "migrations_app/evacuate.html", context)


def _done(request: HttpRequest, batch: MoveBatch, verb: Callable[[MoveBatch], None]) -> HttpResponse:
    """Back to the plan, with the reason if the verb was refused."""
    try:
        verb(batch)
    except BatchRefused as refused:
        messages.warning(request, str(refused), extra_tags="warn")
    return redirect("job-plan", pk=batch.pk)


def _page(request: HttpRequest, batch: MoveBatch, form: ScheduleForm, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {
        "batch": batch,
        "progress": progress_of(batch),
        "form": form,
        "why_not_act": _why_not_decide(request, batch),
        "targets": _targets(request, batch) if batch.is_draft else [],
    }
    return render(request, "migrations_app/plan_page.html", context, status=status)


def _ask_target(request: HttpRequest, batch: MoveBatch, entry: BatchEntry) -> HttpResponse:
    if entry.vm_id is None:
        raise Http404
    vm = get_object_or_404(_whole_vms(), pk=entry.vm_id)
    placer = placer_without(batch, entry, groups_of(user_of(request)))
    rated = [each for each in placer.rate(vm) if each.row.id != vm.host_id]
    open_hosts = [each for each in rated if not each.rating.is_blocked]
    context = {
        "batch": batch,
        "entry": entry,
        "rows": open_hosts[:SHOWN_HOSTS],
        "more": max(0, len(open_hosts) - SHOWN_HOSTS),
        "closed": len(rated) - len(open_hosts),
    }
    return render(request, "migrations_app/plan_target.html", context)


def _to_decide(request: HttpRequest, pk: int) -> MoveBatch:
    batch = _batch(pk)
    if why_not := _why_not_decide(request, batch):
        raise PermissionDenied(why_not)
    return batch


def _why_not_decide(request: HttpRequest, batch: MoveBatch) -> str:
    """A plan that puts a host into maintenance mode is the administrators'."""
    if why_not := can(request.user, Action.MIGRATE, batch).why_not:
        return why_not
    is_for_administrators = batch.kind == MoveBatch.Kind.EVACUATE and not can(request.user, Action.CHANGE_HOST)
    return "Only administrators may start the maintenance mode of a host." if is_for_administrators else ""


def _targets(request: HttpRequest, batch: MoveBatch) -> list[Host]:
    """Hosts that everything could be sent to; whether each VM can go there is found out then."""
    seen = rights_of(request.user).where("group")
    hosts = Host.objects.filter(seen, state=Host.State.RESPONDING, is_in_maintenance=False).only("name")
    return [host for host in hosts.exclude(kind=Host.Kind.THIS_MACHINE) if host.pk != batch.host_id]


def _chosen_host(request: HttpRequest) -> Host | None:
    pk = request.POST.get("target", "")
    if not is_key(pk):
        return None
    host = get_object_or_404(Host, pk=pk)
    allow(request.user, Action.MIGRATE, host)
    return host


def _batch(pk: int) -> MoveBatch:
    return get_object_or_404(MoveBatch.objects.select_related("host", "created_by"), pk=pk, discarded_at=None)


def _whole_vms() -> QuerySet[VirtualMachine]:
    return VirtualMachine.objects.select_related("host__group").prefetch_related("disks", "adapters")
