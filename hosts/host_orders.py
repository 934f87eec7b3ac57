"""The orders of the list of hosts, each found by the database over all of them; only stars are computed, not stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import Case, CharField, Count, F, FloatField, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Cast, Coalesce, Concat, Lower, NullIf

from hosts.models import Host, HostVolume, VirtualMachine

MAINTENANCE = "maintenance"
TROUBLE = "trouble"
STATES = {TROUBLE: "Needs somebody", **dict(Host.State.choices), MAINTENANCE: "In Maintenance Mode"}
NEEDS_SOMEBODY = Q(state__in=(Host.State.NOT_RESPONDING, Host.State.ACCESS_DENIED, Host.State.NEEDS_ATTENTION))
STARS = "stars"


def sorted_hosts(hosts: QuerySet[Host], sort: str) -> QuerySet[Host]:
    """By a key of SORTS, with "-" before it for the other way round; what is equal by name. For stars by name alone."""
    order, is_down = SORTS[sort.removeprefix("-")], sort.startswith("-") and sort != f"-{STARS}"
    return hosts.order_by(order.desc() if is_down else order.asc(), Lower("name"), "pk")


def state_word() -> Case:
    """What the column State says, of a query of hosts."""
    is_closed = When(state=Host.State.RESPONDING, is_in_maintenance=True, then=Value(STATES[MAINTENANCE]))
    others = (When(state=state, then=Value(str(word))) for state, word in Host.State.choices)
    return Case(is_closed, *others, default=F("state"), output_field=CharField())


def _used_part(used: Any, whole: Any) -> Any:
    """0 where there is nothing to use."""
    return Coalesce(Cast(used, FloatField()) / NullIf(Cast(whole, FloatField()), 0.0), 0.0)


def _disk_used_part() -> Any:
    volumes = HostVolume.objects.filter(host=OuterRef("pk")).order_by().values("host")
    size, free = Sum("size_bytes"), Sum("free_bytes")
    return Coalesce(Subquery(volumes.annotate(part=_used_part(size - free, size)).values("part")), 0.0)


def _vm_count() -> Any:
    vms = VirtualMachine.objects.filter(host=OuterRef("pk")).order_by().values("host")
    return Coalesce(Subquery(vms.annotate(many=Count("pk")).values("many")), 0)


SORTS: dict[str, Any] = {
    "name": Lower("name"),
    "group": Lower("group__name"),
    "state": state_word(),
    STARS: Lower("name"),
    "cpu": F("cpu_percent"),
    "memory": _used_part(F("memory_mb") - F("memory_available_mb"), F("memory_mb")),
    "disk": _disk_used_part(),
    "iops": F("disk_iops"),
    "network": F("network_percent"),
    "vms": _vm_count(),
    "os": Concat("os_name", Value(" "), "os_version"),
    "contact": Coalesce("last_contact_at", Value(datetime(1970, 1, 1, tzinfo=UTC))),
}
