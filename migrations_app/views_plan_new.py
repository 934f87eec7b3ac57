"""A new plan of several moves: of virtual machines whose boxes are checked, or that were dropped on a host or group."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from hosts.access import Action, allow, groups_of, needs, rights_of
from hosts.addresses import is_key
from hosts.host_rows import groups_below
from hosts.models import Host, HostGroup, VirtualMachine
from migrations_app.batches import BatchRefused, check_number, plan_moves
from migrations_app.people import user_of


@require_http_methods(["GET", "POST"])
@needs(Action.MIGRATE)
def plan_new(request: HttpRequest) -> HttpResponse:
    """POST makes the plan for each `vm`: all to the host `target`, or into the `group`, if one is given.

    GET asks, after a sign-in in between.
    """
    sent = request.POST if request.method == "POST" else request.GET
    target, group = _target(request, sent.get("target", "")), _group(request, sent.get("group", ""))
    try:
        vms = _chosen(sent.getlist("vm"))
        allow(request.user, Action.MIGRATE, *vms)
        if request.method == "GET":
            return render(request, "migrations_app/plan_new.html", {"vms": vms, "target": target, "group": group})
        batch = plan_moves((vm.pk for vm in vms), user_of(request), target, _groups(request, group))
    except BatchRefused as refused:
        messages.warning(request, str(refused), extra_tags="warn")
        return redirect("vm-list")
    return redirect("job-plan", pk=batch.pk)


def _chosen(pks: Iterable[str]) -> QuerySet[VirtualMachine]:
    """Those that there are, with what says who may move them. Raises BatchRefused for none, or too many."""
    keys = {int(pk) for pk in pks if is_key(pk)}
    check_number(len(keys))
    return VirtualMachine.objects.filter(pk__in=keys).select_related("host__group").order_by("name", "pk")


def _groups(request: HttpRequest, group: HostGroup | None) -> frozenset[int] | None:
    """Keys of the groups to which moves may go; None: all."""
    mine = groups_of(user_of(request))
    if group is None:
        return mine
    inside = frozenset(groups_below(str(group.pk)))
    return inside if mine is None else inside & mine


def _target(request: HttpRequest, pk: str) -> Host | None:
    if not is_key(pk):
        return None
    host = get_object_or_404(Host, pk=pk)
    allow(request.user, Action.MIGRATE, host)
    return host


def _group(request: HttpRequest, pk: str) -> HostGroup | None:
    seen = HostGroup.objects.filter(rights_of(request.user).where("pk"))
    return get_object_or_404(seen, pk=pk) if is_key(pk) else None
