"""The list of virtual machines: what the address asks for, and the rows that answer it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.core.paginator import Page, Paginator
from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import QueryDict

from hosts.access import Rights
from hosts.addresses import is_key
from hosts.host_rows import groups_below
from hosts.models import Host, HostGroup, VirtualAdapter, VirtualMachine
from hosts.vm_sorts import ORDERS, sorted_vms
from hosts.vm_status import STATUSES, status_word
from migrations_app.board import latest_jobs
from migrations_app.models import MigrationJob

PAGE_SIZE = 40
_JOBS = MigrationJob.objects.filter(vm=OuterRef("pk")).order_by("-pk").values("status")
_BY_JOB = {"job": Coalesce(Subquery(_JOBS[:1]), Value(""))}
_SORTS = ORDERS.keys() | _BY_JOB.keys()


@dataclass(frozen=True, slots=True)
class Row:
    vm: VirtualMachine
    job: MigrationJob | None


@dataclass(frozen=True, slots=True)
class Question:
    """What the address asks for. `sort` names a column, with "-" before it for the other way round; `status` is one of
    STATUSES or "" for all."""

    text: str
    status: str
    host_pk: str
    group_pk: str
    sort: str
    page: str

    @classmethod
    def of(cls, query: QueryDict) -> Question:
        sort, status = query.get("sort", "name"), query.get("status", "")
        return cls(
            text=query.get("q", "").strip(),
            status=status if status in STATUSES else "",
            host_pk=query.get("host", ""),
            group_pk=query.get("group", ""),
            sort=sort if sort.removeprefix("-") in _SORTS else "name",
            page=query.get("page", "1"),
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.status or self.host_pk or self.group_pk)


def find_rows(question: Question, rights: Rights) -> Page[VirtualMachine]:
    """One page of virtual machines; a page past the end is the last one."""
    vms = VirtualMachine.objects.filter(rights.where("host__group"))
    found = sorted_vms(_narrowed(vms, question), question.sort, _BY_JOB)
    page: Any = Paginator(found.values_list("pk", flat=True), PAGE_SIZE).get_page(question.page)
    rows = VirtualMachine.objects.select_related("host").defer("host__password", "host__ca_pem", "host__host_key")
    whole = rows.prefetch_related("disks", "adapters").in_bulk(list(page))
    page.object_list = [whole[pk] for pk in page if pk in whole]
    return cast("Page[VirtualMachine]", page)


def with_jobs(vms: Page[VirtualMachine]) -> list[Row]:
    jobs = latest_jobs(vm.pk for vm in vms)
    return [Row(vm, jobs.get(vm.pk)) for vm in vms]


def place_name(question: Question, rights: Rights) -> str:
    """The name of the host or group the list is narrowed to; "" for all."""
    hosts, groups = Host.objects.filter(rights.where("group")), HostGroup.objects.filter(rights.where("pk"))
    pk, places = (question.host_pk, hosts) if question.host_pk else (question.group_pk, groups)
    return places.filter(pk=pk).values_list("name", flat=True).first() or "" if is_key(pk) else ""


def _narrowed(vms: QuerySet[VirtualMachine], question: Question) -> QuerySet[VirtualMachine]:
    if question.host_pk:
        vms = vms.filter(host_id=question.host_pk) if is_key(question.host_pk) else vms.none()
    elif question.group_pk:
        vms = vms.filter(host__group_id__in=groups_below(question.group_pk))
    vms = vms.alias(status_word=status_word())
    if question.status:
        vms = vms.filter(status_word=question.status)
    for word in question.text.split():
        vms = vms.filter(_mentions(word))
    return vms


def _mentions(word: str) -> Q:
    """The word stands in the name, the status, the host's name, the owner, a network or an address of the VM."""
    adapters = VirtualAdapter.objects.filter(Q(network_name__icontains=word) | Q(addresses__icontains=word)).order_by()
    names = Q(name__icontains=word) | Q(host__name__icontains=word) | Q(owner__icontains=word)
    return names | Q(status_word__icontains=word) | Q(pk__in=adapters.values("vm_id"))
