"""Stars of a rating, drawn in half steps, with the same in words."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

_POINTS = "8,1.3 10,5.7 14.8,6.2 11.2,9.4 12.2,14.1 8,11.7 3.8,14.1 4.8,9.4 1.2,6.2 6,5.7"
_LEFT_HALF = "8,1.3 8,11.7 3.8,14.1 4.8,9.4 1.2,6.2 6,5.7"


@register.simple_tag
@lru_cache(maxsize=16)
def stars(value: float) -> SafeString:
    """`value` from 0 to 5 in half steps."""
    drawn = format_html_join("", "{}", ((_star(place, value - place),) for place in range(5)))
    return format_html(
        '<svg class="stars" width="80" height="16" viewBox="0 0 80 16" role="img" aria-label="{} of 5 stars">{}</svg>',
        f"{value:g}",
        drawn,
    )


def _star(place: int, filled: float) -> SafeString:
    outline = format_html('<polygon class="empty" points="{}"/>', _POINTS)
    fill = (
        ""
        if filled < 0.5
        else format_html('<polygon fill="currentColor" points="{}"/>', _POINTS if filled >= 1 else _LEFT_HALF)
    )
    return format_html('<g transform="translate({} 0)">{}{}</g>', place * 16, outline, fill)
