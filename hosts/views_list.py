"""The list of hosts and the report of groups, each as a page and as a CSV file of the same rows."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hosts.access import Action, Rights, can, needs, rights_of
from hosts.addresses import is_key
from hosts.csv_file import Cell, csv_file
from hosts.group_report import GroupLoad, group_loads
from hosts.host_orders import STATES
from hosts.host_rows import Question, Rate, Row, find_page, find_rows
from hosts.models import HostGroup, VirtualMachine
from hosts.placement import ratings_for
from hosts.placement_defaults import placement_defaults
from hosts.units import MB

_HOST_HEAD = [
    "Host",
    "Group",
    "State",
    "Stars",
    "CPU %",
    "Memory MB",
    "Memory available MB",
    "Memory used %",
    "Disk GB",
    "Disk free GB",
    "Disk used %",
    "Disk IOPS",
    "Network %",
    "Virtual machines",
    "Operating system",
    "Version",
    "Last contact",
]
_GROUP_HEAD = [
    "Group",
    "Parent",
    "Hosts",
    "Hosts that take part",
    "Hosts with stars",
    "Virtual machines",
    "Logical processors",
    "CPU %",
    "Memory MB",
    "Memory free MB",
    "Memory used %",
    "Disk GB",
    "Disk free GB",
    "Disk used %",
    "Network %",
    "Mean stars",
]
_GB = 1024 * MB


@require_GET
@needs(Action.SEE_HOSTS)
def host_list(request: HttpRequest) -> HttpResponse:
    question, rights = Question.of(request.GET), rights_of(request.user)
    like = _vm_named(question.like, rights)
    groups = HostGroup.objects.filter(rights.where("pk"))
    context = {
        "question": question,
        "place": groups.filter(pk=question.group_pk).first() if is_key(question.group_pk) else None,
        "page": find_page(question, _rate_for(like), rights),
        "states": STATES,
        "like": like,
        "may_change": can(request.user, Action.CHANGE_HOST),
    }
    return render(request, "hosts/host_list.html", context)


@require_GET
@needs(Action.SEE_HOSTS)
def host_list_csv(request: HttpRequest) -> HttpResponse:
    question, rights = Question.of(request.GET), rights_of(request.user)
    rows = find_rows(question, _rate_for(_vm_named(question.like, rights))(None), rights)
    return csv_file("hosts.csv", _HOST_HEAD, map(_host_cells, rows))


@require_GET
@needs(Action.SEE_REPORTS)
def group_report(request: HttpRequest) -> HttpResponse:
    rights = rights_of(request.user)
    like = _vm_named(request.GET.get("like", "").strip(), rights)
    context = {
        "loads": group_loads(_rate_for(like)(None), rights),
        "like": like,
        "question": Question.of(request.GET),
    }
    return render(request, "hosts/group_report.html", context)


@require_GET
@needs(Action.SEE_REPORTS)
def group_report_csv(request: HttpRequest) -> HttpResponse:
    rights = rights_of(request.user)
    like = _vm_named(request.GET.get("like", "").strip(), rights)
    return csv_file("host-groups.csv", _GROUP_HEAD, map(_group_cells, group_loads(_rate_for(like)(None), rights)))


def _vm_named(name: str, rights: Rights) -> VirtualMachine | None:
    """The VM that the stars are for; None for a new one, or when the user sees none of this name."""
    whole = VirtualMachine.objects.select_related("host__group").prefetch_related("disks", "adapters")
    return (
        whole.filter(rights.where("host__group"), name__iexact=name).order_by("is_missing", "pk").first()
        if name
        else None
    )


def _rate_for(vm: VirtualMachine | None) -> Rate:
    return partial(ratings_for, vm, placement_defaults())


def _host_cells(row: Row) -> list[Cell]:
    host = row.host
    return [
        host.name,
        host.group.name,
        row.state,
        row.stars,
        host.cpu_percent,
        host.memory_mb,
        host.memory_available_mb,
        row.memory_percent,
        row.disk_bytes / _GB,
        row.disk_free_bytes / _GB,
        row.disk_percent,
        host.disk_iops,
        host.network_percent,
        row.vm_count,
        host.os_name,
        host.os_version,
        host.last_contact_at.isoformat(timespec="seconds") if host.last_contact_at else "",
    ]


def _group_cells(load: GroupLoad) -> list[Cell]:
    return [
        load.group.name,
        load.group.parent.name if load.depth and load.group.parent else "",
        load.hosts,
        load.open_hosts,
        load.suitable_hosts,
        load.vms,
        load.processors,
        load.cpu_percent,
        load.memory_mb,
        load.memory_free_mb,
        load.memory_percent,
        load.disk_bytes / _GB,
        load.disk_free_bytes / _GB,
        load.disk_percent,
        load.network_percent,
        load.mean_stars,
    ]
