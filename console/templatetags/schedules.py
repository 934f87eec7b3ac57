"""The zone in which times are entered: that of Ferry, not of the reader, as a browser sends none."""

from __future__ import annotations

from django import template
from django.utils import timezone
from django.utils.formats import date_format

register = template.Library()


@register.simple_tag
def server_zone() -> str:
    return date_format(timezone.localtime(), "T")
