"""Icons for templates: the only place that knows where they come from."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

register = template.Library()


@register.simple_tag
def icon(name: str, size: int = 16, tone: str = "") -> SafeString:
    """An inline SVG that screen readers skip: the text beside it says the same.

    `tone` is ok, warn, bad, busy or off.
    """
    return _draw(name, size, tone)


@lru_cache(maxsize=256)
def _draw(name: str, size: int, tone: str) -> SafeString:
    css = f"icon is-{tone}" if tone else "icon"
    return SafeString(lucide(name, size=size, aria_hidden="true", focusable="false", **{"class": css}))
