"""The orders of the list of virtual machines, each found by the database over all of them."""

from __future__ import annotations

from typing import Any

from django.db.models import BigIntegerField, F, Func, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Lower

from hosts.models import VirtualAdapter, VirtualDisk, VirtualMachine
from hosts.vm_status import status_word


def sorted_vms(vms: QuerySet[VirtualMachine], sort: str, more: dict[str, Any]) -> QuerySet[VirtualMachine]:
    """By a key of ORDERS or of `more`, with "-" before it for the other way round; what is equal by name."""
    order = (ORDERS | more)[sort.removeprefix("-")]
    return vms.order_by(order.desc() if sort.startswith("-") else order.asc(), Lower("name"), "pk")


class _LayerBytes(Func):
    """The sum over the layers of a disk; one of the few things that each database says in its own way."""

    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        each = "SELECT SUM(json_extract(value, '$.file_size_bytes')) FROM json_each(%(expressions)s)"
        return self.as_sql(compiler, connection, template=f"({each})", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        each = "SELECT SUM((layer ->> 'file_size_bytes')::bigint) FROM jsonb_array_elements(%(expressions)s) AS layer"
        return self.as_sql(compiler, connection, template=f"({each})", **context)


def _disk_bytes() -> Any:
    disks = VirtualDisk.objects.filter(vm=OuterRef("pk")).order_by().values("vm")
    return Coalesce(Subquery(disks.annotate(bytes=Sum(_LayerBytes("layers"))).values("bytes")), Value(0))


def _first_network() -> Any:
    adapters = VirtualAdapter.objects.filter(vm=OuterRef("pk")).order_by("adapter_id")
    return Coalesce(Subquery(adapters.values("network_name")[:1]), Value(""))


ORDERS: dict[str, Any] = {
    "name": Lower("name"),
    "status": status_word(),
    "host": Lower("host__name"),
    "owner": Lower("owner"),
    "cpu": F("cpu_percent"),
    "memory": F("memory_mb"),
    "disk": _disk_bytes(),
    "networks": _first_network(),
    "uptime": F("uptime_s"),
}
