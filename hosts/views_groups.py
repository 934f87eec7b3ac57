"""Pages of host groups, for administrators: the tree with its reserves, a group, and which hosts are in it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hosts.access import Action, needs
from hosts.addresses import is_key, is_ours
from hosts.group_forms import GroupForm
from hosts.group_tree import group_paths, groups_in_order
from hosts.groups import GroupRefused, add_group, change_group, regroup_hosts, remove_group, why_not_remove
from hosts.models import Host, HostGroup
from hosts.reserves import FIELDS

_HOSTS = Host.objects.select_related("group").defer("password", "ca_pem")


@require_GET
@needs(Action.CHANGE_GROUP)
def group_list(request: HttpRequest) -> HttpResponse:
    """The groups with their reserves, and the hosts that have reserves of their own."""
    own = [host for host in _HOSTS if any(getattr(host, name) is not None for name in FIELDS)]
    counts = dict(Host.objects.order_by().values_list("group").annotate(Count("pk")))
    rows = [(depth, group, counts.get(group.pk, 0)) for depth, group in groups_in_order()]
    return render(request, "hosts/group_list.html", {"rows": rows, "own": own})


@require_http_methods(["GET", "POST"])
@needs(Action.CHANGE_GROUP)
def group_add(request: HttpRequest) -> HttpResponse:
    """`in` in the query: the group that is offered first."""
    form = GroupForm(request.POST or None, initial={"parent": request.GET.get("in", "")})
    if request.method == "POST" and form.is_valid():
        try:
            group = add_group(form.cleaned_data["name"], form.cleaned_data["parent"])
        except ValidationError as invalid:
            form.add_error(None, invalid)
        else:
            messages.success(request, f"The group {group.name} was added.")
            return redirect("group-page", group.pk)
    return render(request, "hosts/group_add.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@needs(Action.CHANGE_GROUP)
def group_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The group and what is in it; its form renames it and moves it into another group."""
    group = HostGroup.objects.select_related("parent").filter(pk=pk).first()
    if group is None:
        return _gone(request)
    form = GroupForm(request.POST or None, group=group, initial={"name": group.name, "parent": group.parent_id})
    if request.method == "POST" and form.is_valid() and _is_changed(request, group, form):
        return redirect("group-page", pk)
    context = {"group": group, "form": form, "paths": group_paths(), **_inside(group)}
    return render(request, "hosts/group_page.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@needs(Action.CHANGE_GROUP)
def group_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks whether it is meant."""
    group = HostGroup.objects.filter(pk=pk).first()
    if group is None:
        return _gone(request)
    if request.method == "GET":
        operators = group.operator_groups.select_related("user").order_by("user__username")
        context = {"group": group, "why_not": why_not_remove(group), "operators": operators}
        return render(request, "hosts/group_remove.html", context)
    try:
        messages.success(request, f"The group {remove_group(pk)} was removed.")
    except GroupRefused as refused:
        messages.error(request, f"Nothing was removed. {refused}")
        return redirect("group-page", pk)
    return redirect("group-list")


@require_GET
@needs(Action.CHANGE_GROUP, Host)
def host_group(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks into which group the host goes: what dragging does, by keyboard and without scripts."""
    host = get_object_or_404(_HOSTS, pk=pk)
    return render(request, "hosts/host_group.html", {"host": host, "paths": group_paths()})


@require_POST
@needs(Action.CHANGE_GROUP)
def host_regroup(request: HttpRequest) -> HttpResponse:
    """Puts `hosts` into `group`: from a row that was dragged, from a host's page, from a group's list."""
    hosts = [int(pk) for pk in request.POST.getlist("hosts") if is_key(pk)]
    group = request.POST.get("group", "")
    try:
        messages.success(request, regroup_hosts(hosts, int(group) if is_key(group) else None))
    except GroupRefused as refused:
        messages.error(request, str(refused))
    back = request.POST.get("back", "")
    return redirect(back if is_ours(request, back) else "group-list")


def _is_changed(request: HttpRequest, group: HostGroup, form: GroupForm) -> bool:
    try:
        changed = change_group(group.pk, form.cleaned_data["name"], form.cleaned_data["parent"])
    except ValidationError as invalid:
        form.add_error(None, invalid)
    except GroupRefused as refused:
        form.add_error(None, str(refused))
    else:
        messages.success(request, f"The group {changed.name} was stored.")
        return True
    return False


def _inside(group: HostGroup) -> dict[str, Any]:
    return {
        "hosts": group.hosts.defer("password", "ca_pem"),
        "groups": group.children.order_by("name").annotate(host_count=Count("hosts")),
        "why_not_remove": why_not_remove(group),
    }


def _gone(request: HttpRequest) -> HttpResponse:
    messages.error(request, "This group was removed meanwhile. These are the groups that there are.")
    return redirect("group-list")
