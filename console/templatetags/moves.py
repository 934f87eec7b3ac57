"""The moves of a host, for its charts: the page of a host belongs to an application that knows nothing of moves."""

from __future__ import annotations

from collections.abc import Sequence

from django import template

from hosts.charts import Window
from hosts.models import Host
from migrations_app.batch_progress import Progress, evacuation_of
from migrations_app.move_marks import Mark, marks_on

register = template.Library()


@register.simple_tag
def evacuation(host: Host) -> Progress | None:
    return evacuation_of(host)


@register.simple_tag
def move_marks(host: Host, window: Window) -> Sequence[Mark]:
    return marks_on(host, window)
