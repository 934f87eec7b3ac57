"""Loads of hosts: amounts in the words of the field, and bars that show now and after."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hosts import units
from hosts.rating_types import Factor

register = template.Library()

_WIDTH = 96


@register.simple_tag
def amount(value: float, unit: str) -> str:
    """(30.4, "%") -> "30 %", (4096, "MB") -> "4 GB", (1000, "IOPS") -> "1,000 IOPS", (7.2e15, "B") -> "6,548 TB"."""
    if unit == "B" and value >= 100 * units.TB:
        return f"{value / units.TB:,.0f} TB"
    if unit == "B":
        return units.size(value)
    if unit == "MB":
        is_much = value >= 10_000 * 1024
        return amount(value * units.MB, "B") if is_much else units.memory(max(0.0, value))
    text = f"{value:.1f}" if 0 < value < 10 else f"{value:,.0f}"
    return f"{text.removesuffix('.0')} {unit}".strip()


@register.simple_tag
def load_bar(factor: Factor) -> SafeString:
    """What stays in use, and what comes (or goes); the width of the bar is the capacity above the reserve."""
    now, after = _width(factor.now, factor.capacity), _width(factor.after, factor.capacity)
    stays, most = min(now, after), max(now, after)
    is_over = factor.after > factor.capacity
    change = "fill-bad" if is_over else "fill-new" if factor.after > factor.now else "fill-gone"
    return format_html(
        '<svg class="load-bar" width="{}" height="8" aria-hidden="true" focusable="false">'
        '<rect class="fill-track" width="{}" height="8" rx="2"/>'
        '<rect class="fill-used" width="{}" height="8"/>'
        '<rect class="{}" x="{}" width="{}" height="8"/></svg>',
        _WIDTH,
        _WIDTH,
        f"{stays:.1f}",
        change,
        f"{stays:.1f}",
        f"{most - stays:.1f}",
    )


def _width(value: float, capacity: float) -> float:
    return _WIDTH * min(1.0, max(0.0, value / capacity)) if capacity > 0 else float(_WIDTH)
