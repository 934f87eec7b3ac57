"""Pages for administrators: what ratings are made with by default, reserves of groups and hosts, paths proposed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from hosts.access import Action, SignedInRequest, needs
from hosts.addresses import is_ours
from hosts.favourites import forget_path
from hosts.models import Host, HostGroup
from hosts.placement_defaults import placement_defaults, save_placement_defaults
from hosts.rating_forms import DefaultsForm, ImportanceForm
from hosts.reserve_forms import GroupReservesForm, HostReservesForm


@require_http_methods(["GET", "POST"])
@needs(Action.CHANGE_PLACEMENT)
def placement(request: SignedInRequest) -> HttpResponse:
    """Goal, importances, expected load and rules for every placement that says nothing else.

    The wizard proposes its goal and importances in the address; they hold once they are stored here.
    """
    given = request.POST if request.method == "POST" else _proposed(request.GET)
    form = DefaultsForm(given, placement_defaults())
    back = request.POST.get("back", "") or request.GET.get("back", "")
    if request.method == "POST" and form.is_valid():
        save_placement_defaults(form.entered(), request.user)
        messages.success(request, "The placement defaults were stored. They hold for every rating from now on.")
        return redirect(back if is_ours(request, back) else "placement")
    context = {"form": form, "back": back, "is_proposed": request.method == "GET" and form.is_changed}
    return render(request, "hosts/placement.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@needs(Action.CHANGE_GROUP)
def group_reserves(request: HttpRequest, pk: int) -> HttpResponse:
    group = get_object_or_404(HostGroup, pk=pk)
    form = GroupReservesForm(request.POST or None, instance=group)
    if request.method == "POST" and form.is_valid():
        form.store()
        messages.success(request, f"The reserves of {group.name} were stored.")
        return redirect("group-page", pk)
    context = {"form": form, "group": group, "hosts": group.hosts.count()}
    return render(request, "hosts/group_reserves.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@needs(Action.CHANGE_HOST, Host)
def host_reserves(request: HttpRequest, pk: int) -> HttpResponse:
    host = get_object_or_404(Host.objects.select_related("group"), pk=pk)
    form = HostReservesForm(request.POST or None, instance=host)
    if request.method == "POST" and form.is_valid():
        form.store()
        messages.success(request, f"The reserves of {host.name} were stored.")
        return redirect("host-page", pk)
    return render(request, "hosts/host_reserves.html", {"form": form, "host": host}, status=400 if form.errors else 200)


@require_POST
@needs(Action.CHANGE_HOST, Host)
def host_path_forget(request: HttpRequest, pk: int) -> HttpResponse:
    host = get_object_or_404(Host, pk=pk)
    for favourite in host.favourite_paths.filter(path=request.POST.get("path", "").replace("\0", "")):
        forget_path(favourite)
        messages.success(request, f"{favourite.path} is not proposed for {host.name} any more.")
    return redirect("host-page", pk)


def _proposed(query: QueryDict) -> dict[str, str]:
    return {name: query.get(name, "") for name in ImportanceForm.base_fields if name in query}
