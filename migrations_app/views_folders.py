"""Looking for a folder on the target: a POST has a worker ask the host, a GET shows what it answered."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from hosts import paths
from hosts.access import Action, can, needs
from hosts.browsing import ask_folders, why_not_browse
from hosts.models import VirtualMachine
from migrations_app.folder_browser import browser_of
from migrations_app.people import user_of
from migrations_app.views_wizard import answers_of


@require_POST
@needs(Action.MIGRATE, VirtualMachine)
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Back to the page, or to the fragment for the script that asked."""
    answers = answers_of(request, pk)
    if answers.target is None:
        raise Http404("There is no such host.")
    path = paths.trimmed(request.POST.get("browse", "").strip())
    state = [*answers.carried(), ("browse", path)]
    if not why_not_browse(answers.target, path):
        state.append(("listing", str(ask_folders(answers.target, path, user_of(request)).pk)))
    page = "migrate-path-folders" if request.POST.get("then") == "fragment" else "migrate-path"
    return redirect(f"{reverse(page, args=[pk])}?{urlencode(state)}")


@require_GET
@needs(Action.SEE_RATINGS, VirtualMachine)
def folders(request: HttpRequest, pk: int) -> HttpResponse:
    """The fragment; "no content" while it was shown as open already and still is."""
    answers = answers_of(request, pk)
    if answers.target is None:
        raise Http404("There is no such host.")
    browser = browser_of(answers, answers.target)
    if "poll" in request.GET and browser.listing is not None and browser.listing.is_open:
        return HttpResponse(status=204)
    why_not_act = can(request.user, Action.MIGRATE, answers.vm).why_not
    context = {"vm": answers.vm, "answers": answers, "browser": browser, "why_not_act": why_not_act}
    return render(request, "migrations_app/_folders.html", context)
