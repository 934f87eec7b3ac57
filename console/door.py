"""What every request passes: who is it, is he signed in, has he a password of his own; and the way back here later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from hosts.access import DECIDED_BY, Action, rights_of, what_may
from hosts.audit import Actor, acting
from migrations_app.pages import PAGES

NOBODY = "Somebody unknown"

# Whose state is their address: what was entered there, with whatever was asked or ordered, is shown there again.
_PAGES_OF = {
    "migrate-move": "migrate-summary",
    "migrate-host-check": "migrate-host",
    "migrate-host-about": "migrate-host",
    "migrate-host-checked": "migrate-host",
    "migrate-path-browse": "migrate-path",
    "migrate-path-folders": "migrate-path",
    "migrate-script-file": "migrate-script",
    "job-plan-new": "job-plan-new",
    "job-plan-approve": "job-plan",
    "vm-power": "vm-power",
}
_PAGES_OF |= {page: page for page in PAGES}
_NOT_CARRIED = ("csrfmiddlewaretoken", "move", "then", "poll", "sure")
_LONGEST_WAY_BACK = 6000  # servers take no longer addresses


def remember_actor(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], Any]:
    """Middleware: what is recorded in the audit log while the request is answered was done by its user."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        with acting(Actor(request.user.get_username() or NOBODY, address_of(request))):
            return get_response(request)

    return answer


def refuse_null_bytes(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], Any]:
    """Middleware: nobody types them into an address, and PostgreSQL takes none. Forms refuse them by a sentence."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if any("\0" in value for _name, values in request.GET.lists() for value in values):
            raise BadRequest("A null byte was sent.")
        return get_response(request)

    return answer


def explain_wrong_method(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: an address that takes forms only is no blank page to who enters it by hand or loads it again."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code != 405 or request.method != "GET":
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page

    return answer


class Door(LoginRequiredMiddleware):
    """Leads whoever is not signed in to the sign-in page and back, whatever he asked for and in whichever way."""

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        refused: HttpResponseBase | None = super().process_view(request, view_func, view_args, view_kwargs)
        if refused is not None or not getattr(view_func, "login_required", True):
            return refused
        action = getattr(view_func, DECIDED_BY, None)
        if action is None:
            raise PermissionDenied("Who may use this page was not decided.")
        is_kept_out = rights_of(request.user).has_temporary_password and action != Action.KEEP_ACCOUNT
        return lead(request, "own-password") if is_kept_out else None

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, _view_func: Callable[..., Any]
    ) -> HttpResponse:
        return lead(request, settings.LOGIN_URL)


def may(request: HttpRequest) -> dict[str, dict[str, bool]]:
    """Context processor: `may.see_hosts` and so on, for navigation and links."""
    return {"may": what_may(getattr(request, "user", None))}  # none where a request is refused at once


def address_of(request: HttpRequest) -> str:
    """The browser's; behind proxies of ours the last address that they were told and that is none of theirs."""
    address = str(request.META.get("REMOTE_ADDR") or "")
    told = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    while address in settings.PROXIES and told:
        address = told.pop()
    return address[:100]


def local_address(request: HttpRequest, address: str) -> str:
    """Its path and query if it is of this console; otherwise ""."""
    if not url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}):
        return ""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def lead(request: HttpRequest, page: str) -> HttpResponse:
    """To this page, and from there back to what was asked for."""
    return go(request, f"{reverse(page)}?{urlencode({'next': way_back(request)}, safe='/')}")


def go(request: HttpRequest, address: str) -> HttpResponse:
    """A fragment is replaced by nothing: the whole window goes there."""
    is_fragment = request.headers.get("HX-Request") == "true"
    return HttpResponseClientRedirect(address) if is_fragment else redirect(address)


def way_back(request: HttpRequest) -> str:
    """The page that the person looks at, with what he entered: not a fragment of it, nor the address of a form."""
    if page := entered_on(request):
        return page
    if request.headers.get("HX-Request") == "true":
        return local_address(request, request.headers.get("HX-Current-URL", "")) or reverse("start")
    if request.method == "GET":
        return request.get_full_path()
    return local_address(request, request.headers.get("Referer", "")) or reverse("start")


def entered_on(request: HttpRequest) -> str:
    """The address of the page on which this was asked or ordered, with what was entered; "" where there is none."""
    match = request.resolver_match
    if match is None or match.url_name not in _PAGES_OF:
        return ""
    entered = (request.POST if request.method == "POST" else request.GET).copy()
    for name in _NOT_CARRIED:
        entered.pop(name, None)
    query = f"?{entered.urlencode()}" if entered else ""
    address = reverse(_PAGES_OF[match.url_name], kwargs=match.kwargs) + query
    return address if len(address) < _LONGEST_WAY_BACK else ""
