"""Who may change hosts: administrators. Everybody who is signed in may look."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

P = ParamSpec("P")

ADMINISTRATORS_ONLY = "Only administrators may add, change or remove hosts."


class AdministratorRequest(HttpRequest):
    user: User


def administrators_only(
    view: Callable[Concatenate[AdministratorRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """The view for administrators; others get the page of error 403."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not may_change(request):
            raise PermissionDenied(ADMINISTRATORS_ONLY)
        return view(cast("AdministratorRequest", request), *args, **kwargs)

    return guarded


def may_change(request: HttpRequest) -> bool:
    user = request.user
    return isinstance(user, User) and user.is_active and (user.is_staff or user.is_superuser)
