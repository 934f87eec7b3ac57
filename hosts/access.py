"""Who may change what. Everybody who is signed in may look; managers may do nothing else; hosts are administrators'."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

P = ParamSpec("P")

ADMINISTRATORS_ONLY = "Only administrators may add, change or remove hosts."
MANAGERS = "Manager"
MANAGERS_ONLY_LOOK = "Your role is Manager: you may look at everything and change nothing."


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


def changes_something(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """The view for everybody but managers, who get the page of error 403."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if why_not := why_not_act(request):
            raise PermissionDenied(why_not)
        return view(request, *args, **kwargs)

    return guarded


def why_not_act(request: HttpRequest) -> str:
    """Why this user may change nothing at all; "" for everybody but managers. A manager who administrates is none."""
    user = request.user
    if not isinstance(user, User) or may_change(request):
        return ""
    return MANAGERS_ONLY_LOOK if user.groups.filter(name=MANAGERS).exists() else ""


def may_change(request: HttpRequest) -> bool:
    user = request.user
    return isinstance(user, User) and user.is_active and (user.is_staff or user.is_superuser)
