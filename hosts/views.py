"""The pages of hosts. They show rows; only adding, changing and refreshing ask a host, through the inventory."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hosts.access import ADMINISTRATORS_ONLY, AdministratorRequest, administrators_only, may_change
from hosts.charts import DAY, Chart, draw
from hosts.forms import ConnectionForm
from hosts.host_rows import Question, find_rows, row_of
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
from hosts.models import Host, HostGroup


@require_GET
def host_list(request: HttpRequest) -> HttpResponse:
    question = Question.of(request.GET)
    place = HostGroup.objects.filter(pk=question.group_pk).first() if question.group_pk.isdecimal() else None
    return render(
        request,
        "hosts/host_list.html",
        {"question": question, "place": place, "rows": find_rows(question), "may_change": may_change(request)},
    )


@require_GET
def host_page(request: HttpRequest, pk: int) -> HttpResponse:
    host = get_object_or_404(Host.objects.select_related("group", "added_by"), pk=pk)
    return render(
        request,
        "hosts/host_page.html",
        {
            "host": host,
            "row": row_of(host),
            "vms": host.vms.select_related("host"),
            "charts": _charts(host),
            "why_not": "" if may_change(request) else ADMINISTRATORS_ONLY,
        },
    )


@require_http_methods(["GET", "POST"])
@administrators_only
def host_add(request: AdministratorRequest) -> HttpResponse:
    form = ConnectionForm(request.POST or None)

    def add(new: NewHost, must_answer: bool) -> Host:
        return add_host(new, request.user, must_answer=must_answer)

    if request.method == "POST" and (host := _done(form, add)):
        messages.success(request, f"{host.name} was added.")
        return redirect("host-page", host.pk)
    return render(request, "hosts/host_form.html", {"form": form})


@require_http_methods(["GET", "POST"])
@administrators_only
def host_edit(request: AdministratorRequest, pk: int) -> HttpResponse:
    host = get_object_or_404(Host, pk=pk)
    form = ConnectionForm(request.POST or None, instance=get_object_or_404(Host, pk=pk))

    def change(new: NewHost, must_answer: bool) -> Host:
        return change_host(host, new, must_answer=must_answer)

    if request.method == "POST" and (changed := _done(form, change)):
        messages.success(request, f"The connection to {changed.name} was changed.")
        return redirect("host-page", pk)
    return render(request, "hosts/host_form.html", {"form": form, "host": host})


@require_POST
def host_refresh(request: HttpRequest, pk: int) -> HttpResponse:
    host = get_object_or_404(Host, pk=pk)
    if refresh_host(host):
        messages.info(request, f"{host.name} was refreshed. Its state is {host.get_state_display()}.")
    else:
        messages.info(request, f"{host.name} is being refreshed already.")
    return redirect("host-page", pk)


@require_POST
@administrators_only
def host_maintenance(request: AdministratorRequest, pk: int) -> HttpResponse:
    host = get_object_or_404(Host, pk=pk)
    set_maintenance(host, is_on=request.POST.get("is_on") == "yes")
    messages.success(request, f"{host.name} is {'in' if host.is_in_maintenance else 'out of'} maintenance mode.")
    return redirect("host-page", pk)


@require_http_methods(["GET", "POST"])
@administrators_only
def host_remove(request: AdministratorRequest, pk: int) -> HttpResponse:
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


def _charts(host: Host) -> list[Chart]:
    now = timezone.now()
    fields = ("at", "cpu_percent", "memory_used_mb", "disk_iops", "network_percent")
    samples = list(host.samples.filter(at__gte=now - DAY).order_by("at").values_list(*fields))
    top_iops = max([100.0, *(sample[3] for sample in samples)])
    return [
        draw("CPU", "%", [(sample[0], sample[1]) for sample in samples], 100, now),
        draw("Memory used", "MB", [(sample[0], sample[2]) for sample in samples], host.memory_mb, now),
        draw("Disk I/O", "IOPS", [(sample[0], sample[3]) for sample in samples], top_iops, now),
        draw("Network", "%", [(sample[0], sample[4]) for sample in samples], 100, now),
    ]
