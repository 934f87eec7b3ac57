"""Who asks."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest


def user_of(request: HttpRequest) -> User | None:
    """The signed-in user, whose name stands in the job's log; None for nobody."""
    return request.user if isinstance(request.user, User) else None
