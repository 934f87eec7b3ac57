"""Moves for pages of applications that know nothing of them, and a job in plain words for its row."""

from __future__ import annotations

from collections.abc import Sequence

from django import template

from hosts.charts import Window
from hosts.models import Host
from migrations_app.batch_progress import Progress, evacuation_of
from migrations_app.models import MigrationJob
from migrations_app.move_marks import Mark, marks_on
from migrations_app.words import Words, describe

register = template.Library()


@register.simple_tag
def evacuation(host: Host) -> Progress | None:
    return evacuation_of(host)


@register.simple_tag
def move_marks(host: Host, window: Window) -> Sequence[Mark]:
    return marks_on(host, window)


@register.simple_tag
def sentence_of(job: MigrationJob) -> Words:
    return describe(job)
