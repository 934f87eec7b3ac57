"""Icons for templates: the only place that knows where they come from."""

from __future__ import annotations

import re
from functools import lru_cache

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

register = template.Library()

# Lists have hundreds of icons: what all of them share is in parts of the style sheets that say `.icon`.
_SAID_IN_CSS = re.compile(
    r' (?:fill="none"|stroke="currentColor"|stroke-(?:width|linecap|linejoin)="\w+"|xmlns="[^"]*")'
)
_BETWEEN = re.compile(r"\s*>\s*<")
_INSIDE = re.compile(r"^<svg[^>]*>|</svg>$")


@register.simple_tag
def icon(name: str, size: int = 16, tone: str = "") -> SafeString:
    """An inline SVG that screen readers skip: the text beside it says the same.

    `tone` is ok, warn, bad, busy or off.
    """
    return _draw(name, size, tone)


@register.simple_tag
def icon_drawn_once(name: str) -> SafeString:
    """The drawing alone, unseen, for a page that shows it in every row of a list: see `icon_again`."""
    drawn = _draw(name, 16, "")
    return SafeString(
        f'<svg hidden><symbol id="icon-{name}" viewBox="0 0 24 24">{_INSIDE.sub("", drawn)}</symbol></svg>'
    )


@register.simple_tag
def icon_again(name: str) -> SafeString:
    """As `icon` of 16 px, of what `icon_drawn_once` has drawn."""
    return SafeString(f'<svg width="16" height="16" class="icon" aria-hidden="true"><use href="#icon-{name}"/></svg>')


@lru_cache(maxsize=256)
def _draw(name: str, size: int, tone: str) -> SafeString:
    css = f"icon is-{tone}" if tone else "icon"
    drawn = str(lucide(name, size=size, aria_hidden="true", **{"class": css}))
    return SafeString(_BETWEEN.sub("><", _SAID_IN_CSS.sub("", drawn)))
