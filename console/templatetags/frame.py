"""What the frame shows on every page: the workspaces, the tree of hosts, the strip of running jobs."""

from __future__ import annotations

from typing import Any

from django import template

from console.tree import Marked, build_tree
from hosts.access import rights_of
from migrations_app.board import strip

register = template.Library()

# The cookie with the keys of the groups that somebody opened in the tree, which tree.js writes: "3.7".
OPENED = "ferry-opened"

# How the names of their addresses begin.
_WORKSPACES = {
    "vm": "vms",
    "migrate": "vms",
    "host": "hosts",
    "job": "jobs",
    "report": "reports",
    "placement": "administration",
    "user": "administration",
    "audit": "administration",
    "group": "administration",
    "move-defaults": "administration",
    "retention": "administration",
    "about": "administration",
}


@register.inclusion_tag("console/_workspaces.html", takes_context=True)
def workspaces(context: template.Context) -> dict[str, Any]:
    return {"current": _workspace(context), "may": context["may"]}


@register.inclusion_tag("console/_tree.html", takes_context=True)
def host_tree(context: template.Context) -> dict[str, Any]:
    """The tree; what the page is about is marked: `host`, or ?host= and ?group= of the address."""
    query = context["request"].GET
    host = str(getattr(context.get("host"), "pk", None) or query.get("host", ""))
    group = query.get("group", "") or str(getattr(context.get("group"), "pk", ""))
    opened = frozenset(context["request"].COOKIES.get(OPENED, "").split("."))
    current = _workspace(context)
    roots = build_tree(Marked(host, group, opened), rights_of(context["request"].user))
    return {
        "roots": roots,
        "troubled": sum(root.troubled for root in roots),
        "current": "hosts" if current in ("reports", "administration") else current or "vms",
        "host_pk": host,
        "group_pk": group,
        "may": context["may"],
    }


@register.inclusion_tag("migrations_app/_strip.html", takes_context=True)
def jobs_strip(context: template.Context) -> dict[str, Any]:
    return {"strip": strip(rights_of(context["request"].user))}


def _workspace(context: template.Context) -> str:
    match = context["request"].resolver_match
    name = (match.url_name or "") if match else ""
    return next((workspace for begin, workspace in _WORKSPACES.items() if name.startswith(begin)), "")
