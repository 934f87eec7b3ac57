"""Whether a link leads anywhere for the one who reads the page."""

from __future__ import annotations

from django import template

from hosts.access import Somebody, rights_of
from hosts.models import Host, VirtualMachine

register = template.Library()


@register.filter
def reaches(user: Somebody, about: Host | VirtualMachine | None) -> bool:
    """Whether it is there, and in the host groups of the user: a link to it leads to more than a refusal."""
    if about is None:
        return False
    groups = rights_of(user).groups
    return groups is None or (about if isinstance(about, Host) else about.host).group_id in groups
