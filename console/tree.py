"""The tree of the left pane: groups, hosts, and how many virtual machines each has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Q, Window
from django.db.models.functions import RowNumber

from hosts.access import EVERYWHERE, Rights
from hosts.addresses import is_key
from hosts.group_tree import groups_by_parent
from hosts.host_orders import NEEDS_SOMEBODY
from hosts.models import Host, HostGroup, VirtualMachine

MOST_HOSTS = 40
FEW_HOSTS = 60


@dataclass(frozen=True, slots=True)
class Marked:
    """What stands open in the tree: the host or group that the page is about, and the groups that somebody opened.

    Keys as text, "" for none.
    """

    host_pk: str = ""
    group_pk: str = ""
    opened: frozenset[str] = frozenset()


NOTHING = Marked()


@dataclass(slots=True)
class Branch:
    """A group with what is in it. `vm_count` counts the VMs of its groups, too; `hosts` are those that the tree shows,
    of `host_count`. A branch that is not open comes without its hosts, and `troubled` says how many of those in it and
    its groups need somebody."""

    group: HostGroup
    host_count: int
    vm_count: int
    troubled: int
    is_open: bool
    branches: list[Branch] = field(default_factory=list)
    hosts: list[Host] = field(default_factory=list)

    @property
    def more(self) -> int:
        """How many hosts the tree leaves to the list."""
        return self.host_count - len(self.hosts)

    @property
    def is_empty(self) -> bool:
        return not self.branches and not self.host_count


def build_tree(marked: Marked = NOTHING, rights: Rights = EVERYWHERE) -> list[Branch]:
    """The root groups, each with everything below it, in five queries. Hosts carry `vm_count`.

    Every page has the tree. Where there are few hosts all groups are open. Otherwise a group is open that was opened,
    or that what is marked is in; a page asks for the hosts of the others when somebody opens them.
    """
    roots = _branches(rights)
    every = list(_all(roots))
    is_small = sum(branch.host_count for branch in every) <= FEW_HOSTS
    place = _group_of(marked)
    for root in roots:
        _open(root, marked.opened | {place})
        root.is_open = root.is_open or len(roots) == 1
    for branch in every:
        branch.is_open = branch.is_open or is_small
    _add_hosts([branch for branch in every if branch.is_open], marked.host_pk)
    return roots


def hosts_of(group_pk: int, rights: Rights = EVERYWHERE) -> Branch | None:
    """One group with its hosts, open; None if these rights do not show it."""
    branch = next((branch for branch in _all(_branches(rights)) if branch.group.pk == group_pk), None)
    if branch is not None:
        _add_hosts([branch], "")
    return branch


def _branches(rights: Rights) -> list[Branch]:
    hosts = Host.objects.filter(rights.where("group")).order_by().values_list("group_id")
    vms = VirtualMachine.objects.filter(rights.where("host__group")).order_by().values_list("host__group_id")
    counted = hosts.annotate(count=Count("pk"), troubled=Count("pk", filter=NEEDS_SOMEBODY))
    host_counts = {group_pk: (count, troubled) for group_pk, count, troubled in counted}
    vm_counts = dict(vms.annotate(Count("pk")))
    groups = groups_by_parent(rights)

    def branch_of(group: HostGroup) -> Branch:
        inner = [branch_of(child) for child in groups[group.pk]]
        vm_count = vm_counts.get(group.pk, 0) + sum(branch.vm_count for branch in inner)
        count, troubled = host_counts.get(group.pk, (0, 0))
        troubled += sum(branch.troubled for branch in inner)
        return Branch(group, count, vm_count, troubled, is_open=False, branches=inner)

    return [branch_of(group) for group in groups[None]]


def _all(branches: Iterable[Branch]) -> Iterable[Branch]:
    for branch in branches:
        yield branch
        yield from _all(branch.branches)


def _group_of(marked: Marked) -> str:
    """The key of the group that the page is about, or in which its host is."""
    if not is_key(marked.host_pk):
        return marked.group_pk
    return str(Host.objects.filter(pk=marked.host_pk).values_list("group_id", flat=True).first() or "")


def _open(branch: Branch, pks: frozenset[str]) -> bool:
    """Open what is named and what it is in; True if this branch was opened."""
    inner = [_open(child, pks) for child in branch.branches]
    branch.is_open = any(inner) or str(branch.group.pk) in pks
    return branch.is_open


def _add_hosts(branches: list[Branch], host_pk: str) -> None:
    """The first hosts of each of these groups, and the one that is marked."""
    place = Window(RowNumber(), partition_by="group_id", order_by="name")
    inside = Host.objects.filter(group_id__in=[branch.group.pk for branch in branches])
    is_shown = Q(place__lte=MOST_HOSTS) | Q(pk=host_pk if is_key(host_pk) else None)
    shown = inside.only("name", "group_id", "state", "is_in_maintenance").annotate(place=place).filter(is_shown)
    hosts: dict[int, list[Host]] = defaultdict(list)
    for host in shown.order_by("name"):
        hosts[host.group_id].append(host)
    pks = [host.pk for them in hosts.values() for host in them]
    vms = VirtualMachine.objects.filter(host_id__in=pks).order_by().values_list("host_id").annotate(Count("pk"))
    counts = dict(vms)
    for branch in branches:
        branch.hosts = hosts[branch.group.pk]
        for shown_host in branch.hosts:
            shown_host.vm_count = counts.get(shown_host.pk, 0)  # type: ignore[attr-defined]
