"""Writes the audit log. A verb calls `record` in the transaction of its change, so that neither is without the other.

Who asks and from where is known while a request is answered (`acting`); otherwise Ferry itself acts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from hosts.audit_models import AuditRecord

Deed = AuditRecord.Deed
Facts = Mapping[str, Any]

NOTHING: Facts = {}


@dataclass(frozen=True, slots=True)
class Actor:
    """`address`: of the browser; "" for who is not there by network."""

    name: str
    address: str = ""


FERRY = Actor("Ferry")
_actor: ContextVar[Actor] = ContextVar("actor", default=FERRY)


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """What is recorded inside was done by this actor."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def record(
    deed: Deed, about: object, before: Facts = NOTHING, after: Facts = NOTHING, by: AbstractBaseUser | None = None
) -> None:
    """Append a row: what was done to `about`, and of its properties those that differ. `by`: who, if not the actor."""
    actor = _actor.get()
    changed = [key for key in (*after, *before) if before.get(key) != after.get(key)]
    AuditRecord.objects.create(
        who=by.get_username() if by else actor.name,
        address=actor.address,
        deed=deed,
        about=str(about),
        before={key: before[key] for key in changed if key in before},
        after={key: after[key] for key in changed if key in after},
    )
