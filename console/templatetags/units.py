"""Filters that write sizes, rates and times the way every page does."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hosts import units

register = template.Library()

_FORMATS = {"": "j M H:i:s", "minute": "j M H:i", "time": "H:i:s", "clock": "H:i"}
register.filter("number", units.number)
register.filter("size", units.size)
register.filter("memory", units.memory)
register.filter("rate", units.rate)


@register.filter
def duration(value: float | timedelta | None) -> str:
    """Seconds or a timedelta as "1 min 15 s"; nothing for None."""
    if value is None:
        return ""
    return units.duration(value.total_seconds() if isinstance(value, timedelta) else value)


@register.simple_tag
def span(low_s: float, high_s: float) -> str:
    """A range of seconds: "8 to 12 s"."""
    return units.span(low_s, high_s)


@register.simple_tag
def off(error_s: float) -> str:
    """A signed number of seconds: "+2 s", a minus before what is less; "0 s" when it rounds to nothing."""
    text = units.duration(abs(error_s))
    return text if text == "0 s" else f"{'+' if error_s > 0 else '−'}{text}"  # noqa: RUF001 - the sign, not a hyphen


@register.simple_tag
def moment(at: datetime | None, *, only: str = "") -> SafeString:
    """A moment as <time>; times.js writes it in the reader's zone.

    `only`: "time" leaves the date out, "minute" the seconds, "clock" both.
    """
    if at is None:
        return SafeString("")
    local = timezone.localtime(at)
    text = date_format(local, _FORMATS[only])
    whole = date_format(local, "j F Y H:i:s T")
    return format_html(
        '<time datetime="{}" title="{}" data-local="{}">{}</time>', at.isoformat(), whole, only or "both", text
    )


@register.simple_tag
def zone() -> SafeString:
    """The zone of the times on the page: the server's, until times.js puts the reader's."""
    return format_html("<span data-zone>{}</span>", date_format(timezone.localtime(), "T"))
