"""The list of virtual machines: what the address asks for, and the rows that answer it."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from console.tree import build_tree, find_branch
from hosts.access import Rights
from hosts.addresses import is_key
from hosts.models import Host, VirtualAdapter, VirtualMachine
from migrations_app.board import latest_jobs
from migrations_app.models import MigrationJob

PAGE_SIZE = 100
SORTS = {
    "name": ["name"],
    "status": ["activity", "state", "name"],
    "host": ["host__name", "name"],
    "cpu": ["cpu_percent", "name"],
    "memory": ["memory_mb", "name"],
    "uptime": ["uptime_s", "name"],
}


@dataclass(frozen=True, slots=True)
class Row:
    vm: VirtualMachine
    job: MigrationJob | None


@dataclass(frozen=True, slots=True)
class Question:
    """What the address asks for. `sort` is a key of SORTS, with "-" before it for the other way round."""

    text: str
    host_pk: str
    group_pk: str
    sort: str
    page: str

    @classmethod
    def of(cls, query: QueryDict) -> Question:
        sort = query.get("sort", "name")
        return cls(
            text=query.get("q", "").strip(),
            host_pk=query.get("host", ""),
            group_pk=query.get("group", ""),
            sort=sort if sort.removeprefix("-") in SORTS else "name",
            page=query.get("page", "1"),
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.host_pk or self.group_pk)


def find_rows(question: Question, rights: Rights) -> Page[VirtualMachine]:
    """One page of virtual machines; a page past the end is the last one."""
    vms = (
        VirtualMachine.objects.filter(rights.where("host__group"))
        .select_related("host")
        .prefetch_related("disks", "adapters")
    )
    found = _sorted(_narrowed(vms, question), question.sort)
    return Paginator(found, PAGE_SIZE).get_page(question.page)


def with_jobs(vms: Page[VirtualMachine]) -> list[Row]:
    jobs = latest_jobs(vm.pk for vm in vms)
    return [Row(vm, jobs.get(vm.pk)) for vm in vms]


def place_name(question: Question, rights: Rights) -> str:
    """The name of the host or group the list is narrowed to; "" for all."""
    if is_key(question.host_pk):
        return (
            Host.objects.filter(rights.where("group"), pk=question.host_pk).values_list("name", flat=True).first() or ""
        )
    branch = find_branch(build_tree("", rights), question.group_pk) if question.group_pk else None
    return branch.group.name if branch else ""


def _narrowed(vms: QuerySet[VirtualMachine], question: Question) -> QuerySet[VirtualMachine]:
    if question.host_pk:
        vms = vms.filter(host_id=question.host_pk) if is_key(question.host_pk) else vms.none()
    elif question.group_pk:
        branch = find_branch(build_tree(), question.group_pk)
        vms = vms.filter(host__group_id__in=branch.groups_below()) if branch else vms.none()
    for word in question.text.split():
        vms = vms.filter(_mentions(word))
    return vms


def _mentions(word: str) -> Q:
    """The word stands in the name, the state, the host's name, a network or an address of the VM."""
    of_vm = VirtualAdapter.objects.filter(vm=OuterRef("pk"))
    adapters = of_vm.filter(Q(network_name__icontains=word) | Q(addresses__icontains=word))
    state = Q(state__icontains=word) | Q(activity__icontains=word)
    return Q(name__icontains=word) | Q(host__name__icontains=word) | state | Q(Exists(adapters))


def _sorted(vms: QuerySet[VirtualMachine], sort: str) -> QuerySet[VirtualMachine]:
    first, *rest = SORTS[sort.removeprefix("-")]
    return vms.order_by(f"-{first}" if sort.startswith("-") else first, *rest, "pk")
