"""Counts of rows in words."""

from __future__ import annotations

from django import template

register = template.Library()


@register.simple_tag
def counted(count: int, most: int, noun: str) -> str:
    """ "No job", "1 job", "1,200 jobs", "100,000 jobs or more"."""
    if count == 0:
        return f"No {noun}"
    return f"{count:,} {noun}{'' if count == 1 else 's'}{' or more' if count >= most else ''}"
