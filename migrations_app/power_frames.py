"""What websockets send of virtual machines that somebody starts, shuts down, saves or turns off."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone

from hosts.access import Rights
from hosts.models import PowerOrder, VirtualMachine

_NEWS_FOR = timedelta(minutes=2)
_PREFIX = "vm-"
_CELLS = ("status", "state", "power")


def power_versions(rights: Rights) -> dict[int | str, int | str]:
    """Of each VM with an order that is open or has ended lately: what its cells show."""
    is_news = Q(state__in=PowerOrder.OPEN) | Q(ended_at__gt=timezone.now() - _NEWS_FOR)
    seen = PowerOrder.objects.filter(is_news, rights.where("vm__host__group"))
    rows = seen.values_list("vm_id", "pk", "state", "vm__state", "vm__activity", "vm__is_missing", "vm__host__state")
    return {f"{_PREFIX}{vm_pk}": repr(shown) for vm_pk, *shown in rows}


def power_cells(keys: Iterable[int | str]) -> dict[str, str]:
    """The cells of these VMs by their keys in `power_versions`; keys of jobs are left out."""
    cells: dict[str, str] = {}
    if not (pks := _vms(keys)):
        return cells
    for vm in VirtualMachine.objects.filter(pk__in=pks).select_related("host"):
        shown = {"vm": vm, "job": vm.jobs.first(), "order": vm.power_order, "is_news": True}
        for name in _CELLS:
            cells[f"{_PREFIX}{vm.pk}-{name}"] = render_to_string(f"migrations_app/_vm_{name}.html", shown)
    return cells


def forgotten_cells(keys: Iterable[int | str]) -> list[str]:
    """Names of the cells of these VMs: their order is so old that nobody would renew what is shown of it."""
    return [f"{_PREFIX}{pk}-{name}" for pk in _vms(keys) for name in _CELLS]


def _vms(keys: Iterable[int | str]) -> list[str]:
    return [key.removeprefix(_PREFIX) for key in keys if isinstance(key, str)]
