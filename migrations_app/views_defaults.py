"""The page of the migration defaults, for administrators."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from hosts.access import Action, SignedInRequest, needs
from hosts.move_defaults import move_defaults, save_move_defaults
from migrations_app.defaults_form import MoveDefaultsForm


@require_http_methods(["GET", "POST"])
@needs(Action.CHANGE_MOVE_DEFAULTS)
def defaults(request: SignedInRequest) -> HttpResponse:
    stored = move_defaults()
    form = MoveDefaultsForm(request.POST if request.method == "POST" else None, stored)
    if request.method == "POST" and form.is_valid():
        save_move_defaults(form.entered(), request.user)
        messages.success(request, "The migration defaults were stored. They hold for every move that is ordered now.")
        return redirect("move-defaults")
    context = {"form": form, "stored": stored}
    return render(request, "migrations_app/defaults.html", context, status=400 if form.errors else 200)
