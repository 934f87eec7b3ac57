"""Users with roles, for tests."""

from __future__ import annotations

from django.contrib.auth.models import Group, User

from hosts.access import Role
from hosts.inventory import root_group
from hosts.models import HostGroup, OperatorGroup


def person(name: str, role: Role | None, *groups: HostGroup) -> User:
    """The user of this name, made when there is none; an operator without `groups` is one of everything."""
    user = User.objects.get_or_create(username=name)[0]
    user.groups.set([Group.objects.get_or_create(name=role)[0]] if role else [])
    user.operator_groups.all().delete()
    if role == Role.OPERATOR:
        OperatorGroup.objects.bulk_create(OperatorGroup(user=user, group=group) for group in groups or [root_group()])
    return user
