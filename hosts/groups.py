"""The verbs of host groups: add, change, remove, and put hosts into another one.

Each looks again under the lock of the inventory: what a page showed may be gone when its button is pressed.
"""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction

from hosts.audit import Deed, record
from hosts.group_tree import GroupsByParent, group_paths, groups_by_parent
from hosts.host_rows import groups_below
from hosts.locking import lock_inventory
from hosts.models import Host, HostGroup
from hosts.reserves import FIELDS

MOST_LEVELS = 10
GONE = "The group was removed meanwhile."
_NAMED = 3


class GroupRefused(Exception):
    """Nothing was changed; the message is a sentence for the person who asked."""


def add_group(name: str, parent_pk: int) -> HostGroup:
    """A group with the reserves of the one it is in. Raises ValidationError by field."""
    with transaction.atomic():
        lock_inventory()
        parent = _parent(parent_pk)
        group = HostGroup(name=name, parent=parent, **{each: getattr(parent, each) for each in FIELDS})
        _check(group, groups_by_parent())
        group.save()
        record(Deed.GROUP_ADDED, f"Host group {name}", {}, _facts_of(group))
    return group


def change_group(pk: int, name: str, parent_pk: int) -> HostGroup:
    """Another name, or into another group with all that is in it. Raises GroupRefused, ValidationError by field."""
    with transaction.atomic():
        lock_inventory()
        group = _group(pk)
        if group.parent_id is None:
            raise GroupRefused(f"{group.name} is the root of all groups: it keeps its name and its place.")
        before, was = _facts_of(group), group.name
        group.name, group.parent = name, _parent(parent_pk)
        _check(group, groups_by_parent())
        group.save(update_fields=["name", "parent"])
        record(Deed.GROUP_CHANGED, f"Host group {was}", before, _facts_of(group))
    return group


def remove_group(pk: int) -> str:
    """The name of the group that is gone. Raises GroupRefused unless it is empty."""
    with transaction.atomic():
        lock_inventory()
        group = _group(pk)
        if why := why_not_remove(group):
            raise GroupRefused(why)
        record(Deed.GROUP_REMOVED, f"Host group {group.name}", _facts_of(group) | {"operators": _operators(group)})
        group.delete()
    return group.name


def why_not_remove(group: HostGroup) -> str:
    """As a sentence; "" when it can be removed."""
    if group.parent_id is None:
        return f"{group.name} is the root of all groups. It is never removed."
    if children := list(group.children.order_by("name").values_list("name", flat=True)):
        return f"{group.name} has groups in it: {_named(children)}. Move or remove them first."
    if hosts := list(group.hosts.values_list("name", flat=True)):
        return f"{group.name} has hosts in it: {_named(hosts)}. Move them to another group first."
    return ""


def regroup_hosts(host_pks: Collection[int], group_pk: int | None) -> str:
    """Puts the hosts into the group; what was done, as a sentence. Raises GroupRefused."""
    if not host_pks:
        raise GroupRefused("Select the hosts to move first.")
    with transaction.atomic():
        lock_inventory()
        group = HostGroup.objects.filter(pk=group_pk or 0).first()
        if group is None:
            raise GroupRefused(f"{GONE} No host was moved.")
        hosts = list(Host.objects.filter(pk__in=host_pks).defer("password", "ca_pem"))
        if not hosts:
            raise GroupRefused("The host was removed from Ferry meanwhile.")
        moved = _put(hosts, group)
    missing = len(set(host_pks)) - len(hosts)
    gone = f" {missing} of the selected hosts {'was' if missing == 1 else 'were'} removed meanwhile." if missing else ""
    return _sentence(moved or hosts, group, is_news=bool(moved)) + gone


def _put(hosts: list[Host], group: HostGroup) -> list[Host]:
    """The hosts that were elsewhere."""
    moved, paths = [host for host in hosts if host.group_id != group.pk], group_paths()
    for host in moved:
        record(Deed.HOST_GROUP, f"Host {host.name}", {"group": paths[host.group_id]}, {"group": paths[group.pk]})
    Host.objects.filter(pk__in=[host.pk for host in moved]).update(group=group)
    return moved


def _sentence(hosts: list[Host], group: HostGroup, *, is_news: bool) -> str:
    names, verb = _named([host.name for host in hosts]), "is" if len(hosts) == 1 else "are"
    return f"{names} {verb} in {group.name} {'now' if is_news else 'already'}."


def _named(names: list[str]) -> str:
    """ "HV01", "HV01 and HV02", or "HV01, HV02, HV03 and 4 more"."""
    more = len(names) - _NAMED
    parts = names[:_NAMED] + ([f"{more} more"] if more > 0 else [])
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _group(pk: int) -> HostGroup:
    group = HostGroup.objects.select_related("parent").filter(pk=pk).first()
    if group is None:
        raise GroupRefused(GONE)
    return group


def _parent(pk: int) -> HostGroup:
    parent = HostGroup.objects.filter(pk=pk).first()
    if parent is None:
        raise ValidationError({"parent": f"{GONE} Choose another one."})
    return parent


def _check(group: HostGroup, groups: GroupsByParent) -> None:
    """Raises ValidationError by field."""
    parent = group.parent
    assert parent is not None
    if parent.pk in groups_below(str(group.pk)):
        raise ValidationError({"parent": f"{group.name} cannot be inside itself. Choose a group outside of it."})
    beside = [other for other in groups[parent.pk] if other.pk != group.pk]
    if any(other.name.casefold() == group.name.casefold() for other in beside):
        raise ValidationError({"name": f"{parent.name} has a group named {group.name} already."})
    if _level(parent, groups) + _height(group.pk, groups) > MOST_LEVELS:
        raise ValidationError({"parent": f"Groups are at most {MOST_LEVELS} levels deep."})


def _level(group: HostGroup, groups: GroupsByParent) -> int:
    """1 for the root."""
    parents = {each.pk: each.parent_id for children in groups.values() for each in children}
    level, pk = 1, group.pk
    while (above := parents[pk]) is not None:
        level, pk = level + 1, above
    return level


def _height(pk: int | None, groups: GroupsByParent) -> int:
    """How many levels the group has with what is in it."""
    return 1 + max((_height(child.pk, groups) for child in groups[pk]), default=0) if pk else 1


def _facts_of(group: HostGroup) -> dict[str, str]:
    return {"name": group.name, "in": group.parent.name if group.parent else ""}


def _operators(group: HostGroup) -> str:
    """Who may not act there any more."""
    return ", ".join(group.operator_groups.order_by("user__username").values_list("user__username", flat=True))
