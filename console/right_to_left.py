"""Names that are written from right to left, or that hide characters which turn text, leave alone what stands around
them: every page, fragment and frame of a websocket passes here once, after it was made.

Here, and not at each name, because names stand in cells, tooltips, titles, and in sentences that jobs and hosts wrote
down; nobody can forget it in a new template. What is no HTML keeps every name as it is: files, scripts, addresses;
in HTML so do fields, scripts, and attributes but tooltips.
"""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest
from django.template.backends.django import DjangoTemplates, Template
from django.utils.safestring import SafeString, mark_safe

_LETTER = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
# Words of one name, and a number that hangs on it: "12" after a space may belong to the sentence.
_RUN = f"{_LETTER}(?:[ ._\\-0-9]*{_LETTER})*(?:[._\\-]?[0-9]+)*"
# Embeddings, overrides, isolates and marks of the direction, and what has no width.
_UNSEEN = "[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
_TURNING = re.compile(f"{_LETTER}|{_UNSEEN}")
_IN_TEXT = re.compile(f"(?P<done>\u2068{_RUN}\u2069)|(?P<run>{_RUN})|{_UNSEEN}")
_HIDDEN = re.compile(_UNSEEN)
_SHOWN = "\ufffd"
_PARTS = re.compile(
    r"""(?P<exact><(?P<exact_tag>pre|textarea|script|style)\b.*?</(?P=exact_tag)>)
    |(?P<apart><bdi\b.*?</bdi>|<(?P<apart_tag>\w+)\b[^>]*\sdir="auto"[^>]*>.*?</(?P=apart_tag)>)
    |(?P<tagless>(?:<title>|<option\b[^>]*>)[^<]*)
    |(?P<tag><[^>]*>)
    |[^<]+""",
    re.VERBOSE | re.DOTALL,
)
_TOOLTIP = re.compile(r'(?<=\stitle=")[^"]*')


class Templates(DjangoTemplates):
    """Django's engine for templates, whose pages have passed here."""

    def get_template(self, template_name: str) -> Template:
        return _Passed(super().get_template(template_name).template, self)


class _Passed(Template):
    def render(self, context: dict[str, Any] | None = None, request: HttpRequest | None = None) -> SafeString:
        return mark_safe(set_apart(super().render(context, request)))  # noqa: S308 - escaped by the template


def set_apart(html: str) -> str:
    """`html`, which is well-formed, with each run of right-to-left letters apart; hidden characters can be seen."""
    return _PARTS.sub(_part, html) if _TURNING.search(html) else html


def _part(found: re.Match[str]) -> str:
    part = found[0]
    if found["exact"]:
        return part
    if found["apart"]:
        return _HIDDEN.sub(_SHOWN, part)
    if found["tagless"]:
        tag, text = part.split(">", 1)
        return f"{tag}>{_isolate(text)}"
    if found["tag"]:
        return _TOOLTIP.sub(lambda tooltip: _isolate(tooltip[0]), part)
    return _IN_TEXT.sub(lambda run: f"<bdi>{run['run']}</bdi>" if run["run"] else _SHOWN, part)


def _isolate(text: str) -> str:
    """For places that take no tags: U+2068 and U+2069 do there what the tag does elsewhere."""
    return _IN_TEXT.sub(_isolated, text)


def _isolated(found: re.Match[str]) -> str:
    if found["done"]:
        return found[0]
    return f"\u2068{found['run']}\u2069" if found["run"] else _SHOWN
