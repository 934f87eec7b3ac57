"""Stars of a rating, drawn in half steps, with the same in words."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

HALF = 0.5

# Relative to the upper tip of a star, which is 16 apart from the next; the left half ends at the line down the middle.
_STAR = "l2 4.4 4.8.5-3.6 3.2 1 4.7-4.2-2.4-4.2 2.4 1-4.7-3.6-3.2 4.8-.5z"
_LEFT_HALF = "v10.4l-4.2 2.4 1-4.7-3.6-3.2 4.8-.5z"


@register.simple_tag
@lru_cache(maxsize=16)
def stars(value: float) -> SafeString:
    """`value` from 0 to 5 in half steps."""
    whole = int(value)
    halves = f"M{whole * 16 + 8} 1.3{_LEFT_HALF}" if value - whole >= HALF else ""
    return format_html(
        '<svg class="stars" width="80" height="16" role="img" aria-label="{} of 5 stars">'
        '<path class="empty" d="{}"/><path d="{}"/></svg>',
        f"{value:g}",
        _stars(5),
        _stars(whole) + halves,
    )


def _stars(count: int) -> str:
    return "".join(f"M{place * 16 + 8} 1.3{_STAR}" for place in range(count))
