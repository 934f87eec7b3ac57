"""The tree of the left pane: groups, hosts, and how many virtual machines each has."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Count

from hosts.access import EVERYWHERE, Rights
from hosts.group_tree import GroupsByParent, groups_by_parent
from hosts.models import Host, HostGroup

MOST_HOSTS = 40


@dataclass(slots=True)
class Branch:
    """A group with what is in it. `vm_count` counts those of its groups, too; `shown` are the hosts of the tree."""

    group: HostGroup
    branches: list[Branch] = field(default_factory=list)
    hosts: list[Host] = field(default_factory=list)
    vm_count: int = 0
    shown: list[Host] = field(default_factory=list)

    @property
    def more(self) -> int:
        """How many hosts the tree leaves to the list."""
        return len(self.hosts) - len(self.shown)

    def groups_below(self) -> list[int]:
        """Keys of this group and of all groups in it."""
        return [self.group.pk, *(pk for branch in self.branches for pk in branch.groups_below())]


def build_tree(host_pk: str = "", rights: Rights = EVERYWHERE) -> list[Branch]:
    """The root groups, each with everything below it, in two queries. Hosts carry `vm_count`.

    Every page has the tree: of a large group it shows the first hosts, and the one of `host_pk`.
    """
    hosts: dict[int, list[Host]] = defaultdict(list)
    shown = Host.objects.filter(rights.where("group")).annotate(vm_count=Count("vms"))
    for host in shown.defer("password", "ca_pem"):
        hosts[host.group_id].append(host)
    groups = groups_by_parent(rights)
    return [_branch(group, groups, hosts, host_pk) for group in groups[None]]


def find_branch(branches: list[Branch], group_pk: str) -> Branch | None:
    for branch in branches:
        if str(branch.group.pk) == group_pk:
            return branch
        if found := find_branch(branch.branches, group_pk):
            return found
    return None


def _branch(group: HostGroup, groups: GroupsByParent, hosts: dict[int, list[Host]], host_pk: str) -> Branch:
    branch = Branch(group, [_branch(child, groups, hosts, host_pk) for child in groups[group.pk]], hosts[group.pk])
    first, rest = branch.hosts[:MOST_HOSTS], branch.hosts[MOST_HOSTS:]
    branch.shown = first + [host for host in rest if str(host.pk) == host_pk]
    own = sum(int(getattr(host, "vm_count", 0)) for host in branch.hosts)
    branch.vm_count = own + sum(child.vm_count for child in branch.branches)
    return branch
