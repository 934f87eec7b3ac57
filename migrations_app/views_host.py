"""The wizard's page of hosts: the list as it is rated, the panel of the chosen host, its live check, the weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from hosts.access import Action, can, groups_of, needs, rights_of
from hosts.models import Host, HostGroup, VirtualMachine
from hosts.placement import rate_host
from hosts.thorough_asking import ask_thoroughly
from migrations_app.about_host import about_host, asked_check
from migrations_app.answers import Answers
from migrations_app.candidates import Forecasts, Found, Narrowing, find_hosts
from migrations_app.pages import problems_of
from migrations_app.people import user_of
from migrations_app.streaming import streamed
from migrations_app.views_wizard import answers_of, page_context, template_of

# Where the page is cut: what is before goes out at once, the hosts follow as they are rated.
CUT = "<!-- the hosts -->"
_AT_A_TIME = 25


@require_GET
@needs(Action.SEE_RATINGS, VirtualMachine)
def select_host(request: HttpRequest, pk: int) -> HttpResponseBase:
    answers = answers_of(request, pk)
    page, rights = "migrate-host", rights_of(request.user)
    context = {
        **page_context(page, answers),
        **_weights(request, answers),
        "narrowing": Narrowing.of(request.GET),
        "groups": HostGroup.objects.filter(rights.where("pk")).order_by("name"),
        "host_count": Host.objects.filter(rights.where("group")).count(),
        "problems": problems_of(page, answers) if answers.has_target else [],
        "carried": answers.carried("target"),
        "carried_by_filter": answers.carried("q", "group", "suitable"),
        "cut": CUT,
    }
    return streamed(request, _pieces(request, answers, render_to_string(template_of(page), context, request)))


@require_GET
@needs(Action.SEE_RATINGS, VirtualMachine)
def about(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel of the host that was just chosen; it asks for the thorough check by itself."""
    return _about(request, answers_of(request, pk), asks_now="check" not in request.GET)


@require_POST
@needs(Action.MIGRATE, VirtualMachine)
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask both hosts now; then back to the page, or to the panel alone for the script that asked."""
    answers = answers_of(request, pk)
    if answers.target is None:
        raise Http404("There is no such host.")
    asked = ask_thoroughly(answers.vm, answers.target, user_of(request), answers.rating_options)
    state = [*answers.carried(), ("check", str(asked.pk)), ("tab", request.POST.get("tab", ""))]
    page = "migrate-host-about" if request.POST.get("then") == "about" else "migrate-host"
    return redirect(f"{reverse(page, args=[pk])}?{urlencode(state)}")


@require_GET
@needs(Action.SEE_RATINGS, VirtualMachine)
def checked(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel when the check is over; "no content" as long as it is not."""
    answers = answers_of(request, pk)
    if answers.target is None:
        raise Http404("There is no such host.")
    asked = asked_check(answers, answers.target)
    if asked is not None and asked.is_open:
        return HttpResponse(status=204)
    return _about(request, answers, has_news=True)


@require_GET
@needs(Action.SEE_RATINGS, VirtualMachine)
def ratings(request: HttpRequest, pk: int) -> HttpResponse:
    """The dialog "Customize ratings" as a page of its own."""
    answers = answers_of(request, pk)
    context = {**page_context("migrate-host", answers), **_weights(request, answers)}
    return render(request, "migrations_app/migrate_ratings.html", context)


def _pieces(request: HttpRequest, answers: Answers, page: str) -> Iterator[str]:
    """The page, cut in four; between come the rows, the pager, and the panel of the chosen host."""
    head, below_rows, below_pager, tail = page.split(CUT)
    yield head
    target_pk = answers.target.pk if answers.target else None
    groups = groups_of(user_of(request))
    found = find_hosts(answers.vm, answers.rating_options, Narrowing.of(request.GET), target_pk, groups)
    forecasts = _forecasts(answers)
    yield from _rows(request, answers, found, forecasts)
    yield below_rows
    yield render_to_string("migrations_app/_host_pager.html", {"found": found, "vm": answers.vm}, request)
    yield below_pager
    if found.chosen is not None:
        shown = about_host(answers, forecasts.candidate(found.chosen))
        context = {**_about_context(request, answers), "about": shown}
        yield render_to_string("migrations_app/_about_host.html", context, request)
    yield tail


def _rows(request: HttpRequest, answers: Answers, found: Found, forecasts: Forecasts) -> Iterator[str]:
    chosen = found.chosen.host.pk if found.chosen else None
    rows = found.rows
    for begin in range(0, len(rows), _AT_A_TIME):
        candidates = [forecasts.candidate(rated) for rated in rows[begin : begin + _AT_A_TIME]]
        context = {"vm": answers.vm, "chosen": chosen, "candidates": candidates}
        yield render_to_string("migrations_app/_host_rows.html", context, request)


def _about(request: HttpRequest, answers: Answers, **context: bool) -> HttpResponse:
    """The panel of the host in the address, which becomes the address of the page."""
    if answers.target is None:
        raise Http404("There is no such host.")
    rated = rate_host(answers.vm, answers.target, answers.rating_options)
    shown = about_host(answers, _forecasts(answers).candidate(rated))
    response = render(
        request, "migrations_app/_about_host.html", {**_about_context(request, answers), **context, "about": shown}
    )
    response["HX-Replace-Url"] = f"{reverse('migrate-host', args=[answers.vm.pk])}?{shown.query}"
    return response


def _forecasts(answers: Answers) -> Forecasts:
    vm, limit = answers.vm, answers.limit_bytes_per_s
    return Forecasts(vm, limit, wants_quick=answers.wants_quick, because=answers.wish_reason)


def _about_context(request: HttpRequest, answers: Answers) -> dict[str, Any]:
    return {"vm": answers.vm, "answers": answers, "why_not_act": can(request.user, Action.MIGRATE, answers.vm).why_not}


def _weights(request: HttpRequest, answers: Answers) -> dict[str, Any]:
    """For the dialog: its form, and what it hands on."""
    form = answers.rating_form
    return {
        "form": form,
        "carried_by_ratings": answers.carried(*form.fields),
        "may_save": can(request.user, Action.CHANGE_PLACEMENT),
    }
