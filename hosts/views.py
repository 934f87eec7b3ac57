"""The page of a host, and its verbs. Only adding, changing and refreshing ask a host, through the inventory."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hosts.access import Action, SignedInRequest, can, needs
from hosts.audit import Deed, record
from hosts.forms import FORMS, ConnectionForm, HyperVForm
from hosts.host_charts import BY_DEFAULT, WINDOWS, charts_of, window_of
from hosts.host_rows import row_of
from hosts.inventory import (
    HostBusy,
    HostRefused,
    NewHost,
    add_host,
    change_host,
    refresh_host,
    remove_host,
    set_maintenance,
)
from hosts.models import Host
from hosts.reserves import effective_reserves


@require_GET
@needs(Action.SEE_HOSTS, Host)
def host_page(request: HttpRequest, pk: int) -> HttpResponse:
    host = get_object_or_404(Host.objects.select_related("group", "added_by"), pk=pk)
    shown = request.GET.get("span", "")
    window = window_of(shown)
    return render(
        request,
        "hosts/host_page.html",
        {
            "host": host,
            "row": row_of(host),
            "vms": host.vms.select_related("host"),
            "window": window,
            "windows": {key: words for key, (words, *_rest) in WINDOWS.items()},
            "shown": shown if shown in WINDOWS else BY_DEFAULT,
            "charts": charts_of(host, window),
            "reserves": effective_reserves(host),
            **_why_not(request, host),
        },
    )


@require_GET
@needs(Action.SEE_HOSTS, Host)
def host_menu(request: HttpRequest, pk: int) -> HttpResponse:
    """The verbs of a row, for its context menu."""
    host = get_object_or_404(Host, pk=pk)
    return render(request, "hosts/_menu.html", {"host": host, **_why_not(request, host)})


@require_http_methods(["GET", "POST"])
@needs(Action.CHANGE_HOST)
def host_add(request: SignedInRequest) -> HttpResponse:
    """`kind` in the query says which virtualization software the host runs."""
    kind = request.GET.get("kind", Host.Kind.HYPERV)
    form = FORMS.get(kind, HyperVForm)(request.POST or None)

    def add(new: NewHost, must_answer: bool) -> Host:
        return add_host(new, request.user, must_answer=must_answer)

    if request.method == "POST" and (host := _done(form, add)):
        messages.success(request, f"{host.name} was added.")
        return redirect("host-page", host.pk)
    return render(request, "hosts/host_form.html", {"form": form})


@require_http_methods(["GET", "POST"])
@needs(Action.CHANGE_HOST, Host)
def host_edit(request: HttpRequest, pk: int) -> HttpResponse:
    host = get_object_or_404(Host, pk=pk)
    form = FORMS.get(host.kind, HyperVForm)(request.POST or None, instance=get_object_or_404(Host, pk=pk))

    def change(new: NewHost, must_answer: bool) -> Host:
        return change_host(host, new, must_answer=must_answer)

    if request.method == "POST" and (changed := _done(form, change)):
        messages.success(request, f"The connection to {changed.name} was changed.")
        return redirect("host-page", pk)
    return render(request, "hosts/host_form.html", {"form": form, "host": host})


@require_POST
@needs(Action.REFRESH_HOST, Host)
def host_refresh(request: HttpRequest, pk: int) -> HttpResponse:
    host = get_object_or_404(Host, pk=pk)
    record(Deed.HOST_REFRESHED, f"Host {host.name}")
    if refresh_host(host):
        messages.info(request, f"{host.name} was refreshed. Its state is {host.get_state_display()}.")
    else:
        messages.info(request, f"{host.name} is being refreshed already.")
    return redirect("host-page", pk)


@require_POST
@needs(Action.CHANGE_HOST, Host)
def host_maintenance(request: HttpRequest, pk: int) -> HttpResponse:
    host = get_object_or_404(Host, pk=pk)
    set_maintenance(host, is_on=request.POST.get("is_on") == "yes")
    messages.success(request, f"{host.name} is {'in' if host.is_in_maintenance else 'out of'} maintenance mode.")
    return redirect("host-page", pk)


@require_http_methods(["GET", "POST"])
@needs(Action.CHANGE_HOST, Host)
def host_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks whether it is meant."""
    host = get_object_or_404(Host, pk=pk)
    if request.method == "GET":
        return render(request, "hosts/host_remove.html", {"host": host, "vm_count": host.vms.count()})
    try:
        remove_host(host)
    except HostBusy as busy:
        messages.error(request, f"{host.name} was not removed. {busy}")
        return redirect("host-page", pk)
    messages.success(request, f"{host.name} was removed from Ferry.")
    return redirect("host-list")


def _why_not(request: HttpRequest, host: Host) -> dict[str, str]:
    """Why the user may not change the host, and why not even refresh it."""
    return {
        "why_not": can(request.user, Action.CHANGE_HOST, host).why_not,
        "why_not_act": can(request.user, Action.REFRESH_HOST, host).why_not,
    }


def _done(form: ConnectionForm, verb: Callable[[NewHost, bool], Host]) -> Host | None:
    """The host, or None with what is wrong in the form. It must answer, unless the user says "anyway"."""
    if not form.is_valid():
        return None
    try:
        return verb(form.new_host(), not form.cleaned_data["anyway"])
    except HostRefused as refused:
        form.refuse(refused.trouble)
    except ValidationError as invalid:
        form.add_error(None, invalid)
    return None
