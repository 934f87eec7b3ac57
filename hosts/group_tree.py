"""The host groups that somebody sees, as a tree."""

from __future__ import annotations

from collections import defaultdict

from hosts.access import EVERYWHERE, Rights
from hosts.models import HostGroup

BETWEEN = " / "

GroupsByParent = dict[int | None, list[HostGroup]]


def groups_by_parent(rights: Rights = EVERYWHERE) -> GroupsByParent:
    """The groups in each group, by name. Below None: the roots, which for an operator are the groups given to him."""
    shown = list(HostGroup.objects.filter(rights.where("pk")).select_related("parent").order_by("name"))
    keys = {group.pk for group in shown}
    found: GroupsByParent = defaultdict(list)
    for group in shown:
        found[group.parent_id if group.parent_id in keys else None].append(group)
    return found


def groups_in_order(rights: Rights = EVERYWHERE) -> list[tuple[int, HostGroup]]:
    """Each group below its parent, with its depth: 0 for a root."""
    groups = groups_by_parent(rights)

    def below(parent: int | None, depth: int) -> list[tuple[int, HostGroup]]:
        return [it for group in groups[parent] for it in [(depth, group), *below(group.pk, depth + 1)]]

    return below(None, 0)


def group_paths(rights: Rights = EVERYWHERE) -> dict[int, str]:
    """ "All Hosts / Berlin / Rack 1" for each group by its key, in the order of the tree."""
    found: dict[int, str] = {}
    for _depth, group in groups_in_order(rights):
        above = found.get(group.parent_id or 0)
        found[group.pk] = f"{above}{BETWEEN}{group.name}" if above else group.name
    return found
